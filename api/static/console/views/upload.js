// Many photos at once: each becomes a product, named after its file unless named here.

import { make } from "../../make.js";
import { get } from "../api.js";
import { dropPlace } from "../parts/drop.js";
import { field } from "../parts/forms.js";
import { button, link, page } from "../parts/page.js";
import { thumbnail } from "../parts/photo.js";
import { counted } from "../parts/words.js";
import { isSettled, told } from "../statuses.js";
import { uploadsOf } from "../uploads.js";
import { addressOf } from "./products.js";

const TERMS_MAX = 200;

export async function show(place) {
  const { data: categories } = await get("/v1/categories", { query: { limit: TERMS_MAX }, signal: place.signal });
  const uploads = uploadsOf(place.session);
  const list = make("ul", { className: "uploads" });
  list.setAttribute("aria-label", "Photos");
  const summary = make("p", { className: "upload-summary" });
  summary.setAttribute("role", "status");
  const controls = make("div", { className: "upload-controls" });
  const category = field({ name: "category", label: "Category of all of them", type: "select", options: choices(categories) });

  const rows = new Map();
  const draw = () => {
    arrange(list, rows, uploads);
    summary.textContent = summed(uploads);
    const parts = controlsOf(uploads, category);
    if (!sameAs(controls, parts)) controls.replaceChildren(...parts);
  };
  uploads.addEventListener(
    "change",
    ({ detail: entry }) => {
      for (const row of entry ? [rows.get(entry)] : rows.values()) row?.update();
      draw();
    },
    { signal: place.signal },
  );
  draw();
  return page(
    "Upload photos",
    { back: { name: "Products", href: "/console/products" }, lead: "Each photo becomes a product." },
    dropPlace({
      label: "Choose photos",
      hint: "or drop them here. JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF, at most 20 MB each.",
      take: (files) => uploads.choose(files),
      signal: place.signal,
    }),
    controls,
    summary,
    list,
  );
}

function choices(categories) {
  return [{ value: "", text: "none" }, ...categories.map(({ name }) => ({ value: name, text: name }))];
}

/** A button that is still the same one keeps the focus. */
function sameAs(controls, parts) {
  return controls.childElementCount === parts.length && parts.every((part, at) => controls.children[at].isEqualNode(part));
}

function controlsOf(uploads, category) {
  const chosen = uploads.entries.filter(({ state }) => state === "chosen");
  const failed = uploads.entries.filter(({ state }) => state === "failed");
  const done = uploads.entries.filter(({ state, product }) => state === "stored" && isSettled(product));
  const again = () => failed.forEach((entry) => uploads.tryAgain(entry));
  const made = [];
  if (chosen.length) {
    made.push(category.element, button(`Upload ${counted(chosen.length, "photo")}`, () => uploads.start(category.read())));
  }
  if (failed.length > 1) made.push(button("Try all failed ones again", again, { quiet: true }));
  if (done.length) made.push(button("Clear those that are done", () => uploads.clear(), { quiet: true }));
  return made;
}

function summed({ entries, pausedUntil }) {
  const sent = entries.filter(({ state }) => state !== "chosen");
  if (sent.length === 0) return "";
  const stored = sent.filter(({ state }) => state === "stored");
  const found = stored.filter(({ product }) => product.status === "ready");
  const failed = sent.filter(({ state, product }) => state === "failed" || product?.status === "failed");
  const parts = [`${stored.length} of ${counted(sent.length, "photo")} uploaded`, `${found.length} found by shoppers`];
  if (failed.length) parts.push(`${failed.length} failed`);
  return `${parts.join(", ")}.${pausedUntil ? " The service is busy; this goes on by itself in a moment." : ""}`;
}

function arrange(list, rows, uploads) {
  for (const [entry, row] of rows) {
    if (uploads.entries.includes(entry)) continue;
    row.element.remove();
    rows.delete(entry);
  }
  for (const entry of uploads.entries) {
    if (rows.has(entry)) continue;
    rows.set(entry, rowOf(entry, uploads));
    list.append(rows.get(entry).element);
  }
}

/** `update()` draws what changed; a name that is being written stays under the cursor. */
function rowOf(entry, uploads) {
  const element = make("li", { className: "upload" });
  let drawn = null;
  const update = () => {
    const bar = element.querySelector("progress");
    if (drawn === "sending" && entry.state === "sending" && bar) return void (bar.value = entry.share);
    const now = entry.state === "stored" ? `stored ${entry.product.status}` : entry.state;
    if (now === drawn) return undefined;
    drawn = now;
    return element.replaceChildren(...partsOf(entry, uploads));
  };
  update();
  return { element, update };
}

function partsOf(entry, uploads) {
  const again = () => uploads.tryAgain(entry);
  const out = button("Take out", () => uploads.takeOut(entry), { word: true });
  out.setAttribute("aria-label", `Take out ${entry.file.name}`);
  const name = make("span", { className: "upload-name" }, entry.name);
  const photo = thumbnail(entry.product?.photos[0] ?? { thumbnail_url: entry.preview });
  switch (entry.state) {
    case "chosen":
      return [photo, nameInput(entry), out];
    case "waiting":
      return [photo, name, make("span", { className: "quiet" }, "waits")];
    case "sending":
      return [photo, name, bar(entry)];
    case "failed":
      return [photo, name, make("span", { className: "wrong" }, entry.problem.detail ?? "This failed in your browser."), button("Try again", again, { word: true }), out];
    default:
      return [photo, link(entry.product.name, addressOf(entry.product), { className: "upload-name" }), told(entry.product)];
  }
}

function nameInput(entry) {
  const input = make("input", { className: "input", value: entry.name, maxLength: 250, placeholder: entry.file.name });
  input.setAttribute("aria-label", `Name of ${entry.file.name}`);
  input.addEventListener("input", () => (entry.name = input.value));
  return input;
}

function bar(entry) {
  const made = make("progress", { max: 1, value: entry.share });
  made.setAttribute("aria-label", `Upload of ${entry.name}`);
  return made;
}
