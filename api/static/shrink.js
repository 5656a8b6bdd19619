// Makes a shopper's photo small before it leaves the browser. Drawing it anew also leaves behind where it was taken.

const SIDE_MAX = 1024;
const SIDE_MIN = 32;
const FILE_BYTES_MAX = 60 * 2 ** 20;
const JPEG_QUALITY = 0.86;

/** Its message is for the shopper. */
export class OddPhoto extends Error {}

/** A JPEG of at most SIDE_MAX pixels a side, upright, over white: `{ blob, width, height }`. Throws OddPhoto. */
export async function shrink(file) {
  if (file.size === 0) throw new OddPhoto("This file is empty.");
  if (file.size > FILE_BYTES_MAX) throw new OddPhoto("This photo is too large to open here. Choose one under 60 MB.");
  const drawing = draw(await decode(file));
  const blob = await new Promise((done) => drawing.toBlob(done, "image/jpeg", JPEG_QUALITY));
  if (blob === null) throw new OddPhoto("This photo is too large to open here. Choose a smaller one.");
  return { blob, width: drawing.width, height: drawing.height };
}

async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new OddPhoto("This file is no photo that your browser can read. Try a JPEG, PNG or WebP.");
  }
}

function draw(photo) {
  const scale = Math.min(1, SIDE_MAX / Math.max(photo.width, photo.height));
  const [width, height] = [photo.width, photo.height].map((side) => Math.max(1, Math.round(side * scale)));
  if (Math.min(width, height) < SIDE_MIN) {
    photo.close();
    throw new OddPhoto("This photo is too small or too narrow to see anything in it.");
  }
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, width, height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(photo, 0, 0, width, height);
  photo.close();
  return canvas;
}
