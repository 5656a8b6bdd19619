// A place to drop photos on, or to choose them with: a button for who cannot drag.

import { make } from "../../make.js";
import { say } from "./say.js";

// What the server reads (models/photo_file.py); it looks at the bytes, whatever the name says.
const ACCEPT = "image/jpeg,image/png,image/webp,image/avif,image/gif,image/bmp,image/tiff";

/** `take(files)` gets what was dropped anywhere on the page, or chosen. Until `signal` ends. */
export function dropPlace({ label, hint, take, signal, quiet = false }) {
  const input = make("input", { type: "file", accept: ACCEPT, multiple: true, className: "unseen", id: "drop-input" });
  const named = make("label", { htmlFor: input.id, className: quiet ? "button-quiet" : "button" }, label);
  const place = make("div", { className: "drop" }, input, named, make("p", { className: "quiet" }, hint));
  input.addEventListener("change", () => {
    take([...input.files]);
    // The same file may be chosen again.
    input.value = "";
  });
  takeDrops(place, take, signal);
  return place;
}

/** The whole window takes drops: a photo that misses the place by an inch must not replace the page. */
function takeDrops(place, take, signal) {
  let inside = 0;
  const mark = (change) => {
    inside = change;
    place.classList.toggle("drop-over", inside > 0);
  };
  addEventListener("dragenter", (event) => holdsFiles(event) && mark(inside + 1), { signal });
  addEventListener("dragleave", (event) => holdsFiles(event) && mark(inside - 1), { signal });
  addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault(), { signal });
  addEventListener(
    "drop",
    (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      mark(0);
      const isFolder = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()?.isDirectory ?? false);
      const files = [...event.dataTransfer.files].filter((_, at) => !isFolder[at]);
      if (isFolder.includes(true)) say("Folders are not opened: choose the photos in them.");
      if (files.length) take(files);
    },
    { signal },
  );
}

function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}
