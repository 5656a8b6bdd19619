// The photos on a product's page: added, deleted, tried again, and followed until they are settled.

import { make } from "../make.js";
import { call, newKey, post, remove } from "./api.js";
import { confirm } from "./parts/dialogs.js";
import { dropPlace } from "./parts/drop.js";
import { button } from "./parts/page.js";
import { thumbnail } from "./parts/photo.js";
import { repeat } from "./parts/repeat.js";
import { say } from "./parts/say.js";
import { counted } from "./parts/words.js";
import { sendForm } from "./sending.js";
import { isSettled, told } from "./statuses.js";

const AGAIN_S = 1.5;
const AT_ONCE_MAX = 10;

/** `shown`: { address, product, etag }, which is kept true. */
export function photosOf(shown, place) {
  const list = make("ul", { className: "photos" });
  list.setAttribute("aria-label", "Photos of the product");
  const below = make("div", { className: "actions" });
  const sending = make("progress", { max: 1, hidden: true });
  sending.setAttribute("aria-label", "Upload");
  const wrong = make("p", { className: "wrong" });
  wrong.setAttribute("role", "alert");

  const draw = () => {
    list.replaceChildren(...shown.product.photos.map((photo) => photoOf(photo, act, shown, place)));
    const failed = shown.product.photos.filter(({ status }) => status === "failed").length;
    const again = () => act(() => post(`${shown.address}/retry`, undefined, { signal: place.signal }), "It is tried again.");
    below.replaceChildren(...(failed ? [button("Try what failed again", again, { quiet: true })] : []));
  };
  /** Does something to the photos, and shows what is there then. */
  const act = async (work, done) => {
    wrong.textContent = "";
    try {
      await work();
      await reread(shown, place);
      say(done);
    } catch (error) {
      if (place.signal.aborted) return;
      wrong.textContent = error.detail ?? "This failed in your browser.";
    }
    draw();
  };
  const add = (files) => act(() => addPhotos(files, shown, sending, place), `${counted(files.length, "photo")} added.`);

  draw();
  repeat(AGAIN_S, place.signal, async () => {
    if (isSettled(shown.product)) return;
    const before = JSON.stringify(shown.product.photos.map(({ id, status }) => [id, status]));
    await reread(shown, place);
    if (before !== JSON.stringify(shown.product.photos.map(({ id, status }) => [id, status]))) draw();
  });
  const drop = dropPlace({ label: "Add photos", hint: "or drop them here.", take: add, signal: place.signal, quiet: true });
  return make("div", { className: "product-photos" }, list, below, wrong, drop, sending);
}

async function reread(shown, place) {
  const { body, etag } = await call("GET", shown.address, { signal: place.signal });
  shown.product = body;
  shown.etag = etag;
}

async function addPhotos(files, shown, sending, place) {
  const form = new FormData();
  for (const file of files.slice(0, AT_ONCE_MAX)) form.append("photo", file);
  sending.hidden = false;
  const onProgress = (share) => (sending.value = share);
  try {
    await sendForm(`${shown.address}/photos`, form, { once: newKey(), onProgress, signal: place.signal });
  } finally {
    sending.hidden = true;
  }
  if (files.length > AT_ONCE_MAX) say(`Only ${AT_ONCE_MAX} photos are taken at once; add the others now.`);
}

function photoOf(photo, act, shown, place) {
  const name = `photo ${photo.position + 1}`;
  const drop = button("Delete", () => deleteOne(photo, name, act, shown, place), { word: true });
  drop.setAttribute("aria-label", `Delete ${name}`);
  const size = make("span", { className: "quiet" }, `${photo.width} × ${photo.height}`);
  const full = make("a", { href: photo.url, target: "_blank", rel: "noopener" }, thumbnail(photo, { alt: `${shown.product.name}, ${name}` }));
  return make("li", { className: "photo" }, full, told(photo), size, drop);
}

async function deleteOne(photo, name, act, shown, place) {
  const isLast = shown.product.photos.length === 1;
  const sure = await confirm({
    title: `Delete ${name}?`,
    text: isLast ? "It is the only one: without a photo shoppers do not find the product." : "This cannot be undone.",
    action: "Delete",
  });
  if (sure) await act(() => remove(`${shown.address}/photos/${photo.id}`, { signal: place.signal }), "The photo is deleted.");
}
