// "Show a photo": chosen, taken, dropped or pasted; looked at before it is used, and removable.

import { OddPhoto, shrink } from "./shrink.js";

const byId = (id) => document.getElementById(id);
const panel = byId("photo-panel");
const opener = byId("photo-open");
let take = () => {};
let turn = 0;

/** `take({ blob, width, height })` shows what fits to it; `remove()` takes it away again. */
export function startShowing(page) {
  take = page.take;
  opener.addEventListener("click", () => open(panel.hidden));
  for (const id of ["photo-choose", "photo-take"]) {
    byId(id).addEventListener("change", ({ target }) => {
      if (target.files.length > 0) use(target.files[0]);
      target.value = ""; // or the same photo could not be chosen twice
    });
  }
  byId("photo-remove").addEventListener("click", page.remove);
  document.addEventListener("paste", paste);
  document.addEventListener("click", ({ target }) => {
    if (!panel.hidden && !panel.contains(target) && !opener.contains(target)) open(false);
  });
  byId("ask").addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    open(false);
    opener.focus();
  });
  watchDrops();
}

/** Shows the photo of the view beside the words, or that there is none. */
export function viewShown(photo) {
  byId("shown").hidden = photo === null;
  byId("prompt").required = photo === null;
  byId("prompt").placeholder = photo === null ? "something to dance in" : "add words";
  if (photo === null) byId("shown-photo").removeAttribute("src");
  else byId("shown-photo").src = photo.url;
}

async function use(file) {
  turn += 1;
  const ours = turn;
  tell("Preparing your photo…");
  try {
    const made = await shrink(file);
    if (ours !== turn) return;
    open(false);
    tell("");
    take(made);
  } catch (error) {
    if (ours !== turn) return;
    open(true);
    tell(error instanceof OddPhoto ? error.message : "This photo cannot be opened here.", { isWrong: true });
  }
}

function paste(event) {
  const file = photoIn(event.clipboardData);
  if (file === null) return;
  event.preventDefault();
  use(file);
}

function watchDrops() {
  // Events of children come between enter and leave of the page: what counts is how deep the drag is.
  let depth = 0;
  const mark = () => document.body.classList.toggle("dropping", depth > 0);
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    mark();
  });
  addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    mark();
  });
  addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    mark();
    use(photoIn(event.dataTransfer) ?? event.dataTransfer.files[0]);
  });
}

function photoIn(transfer) {
  return [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/")) ?? null;
}

function open(isOpen) {
  panel.hidden = !isOpen;
  opener.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) tell("");
}

function tell(words, { isWrong = false } = {}) {
  byId("photo-told").textContent = words;
  byId("photo-told").classList.toggle("wrong", isWrong);
}
