// What is wrong with a shopper's photo, in a shopper's words. Only codes that a photo that `shrink` made can still meet.

const WORDS = {
  photo_unreadable: "The shop cannot read this photo. Try another one.",
  photo_truncated: "Only a part of the photo arrived. Try again.",
  photo_too_large: "This photo is too large for the shop. Try a smaller one.",
  photo_too_many_pixels: "This photo is too large for the shop. Try a smaller one.",
  photo_too_small: "This photo is too small or too narrow to see anything in it.",
  unsupported_media_type: "The shop takes no photos of this kind. Try a JPEG, PNG or WebP.",
  overloaded: "Many people are asking right now. Wait a moment.",
};

export function inShoppersWords({ code, detail }) {
  return WORDS[code] ?? detail ?? "The page failed to show the answer.";
}
