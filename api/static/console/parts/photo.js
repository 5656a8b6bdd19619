// A product's photo, small; a drawing where there is none or it cannot be shown.

import { icon, make } from "../../make.js";

/** `alt` is empty where the name stands beside it. */
export function thumbnail(photo, { alt = "" } = {}) {
  const frame = make("span", { className: "thumb" });
  if (!photo) {
    frame.append(icon("hanger", { label: alt || null, className: "no-photo" }));
    return frame;
  }
  const image = make("img", { src: photo.thumbnail_url, alt, loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(icon("hanger", { label: alt || null, className: "no-photo" })));
  frame.append(image);
  return frame;
}
