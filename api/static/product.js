// The dialog of one product, with the products that look like it.

import { card, nameOf, photoOf, pricesOf, skeletons } from "./cards.js";
import { similar } from "./client.js";
import { nothingSimilar, problem } from "./notices.js";

const NUM_SIMILAR = 12;

const byId = (id) => document.getElementById(id);
let asking = new AbortController();
let shownId = null;
let leaving = () => {};

const dialog = byId("product");
byId("close").addEventListener("click", () => leaving());
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  leaving();
});
dialog.addEventListener("close", () => {
  // A browser may close a dialog without asking first (a second Escape).
  if (shownId !== null) leaving();
});
dialog.addEventListener("click", (event) => {
  // The dialog's own box is all padding-free content, so a click on the element itself is one on the backdrop.
  if (event.target === dialog) leaving();
});

/** `leave` changes the address; closing follows from it. */
export function openProduct(key, product, { addressOf, leave }) {
  leaving = leave;
  if (product.product_id === shownId && dialog.open) return;
  shownId = product.product_id;
  describe(product);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  byId("product-name").focus();
  showSimilar(key, product, addressOf);
}

export function closeProduct() {
  asking.abort();
  shownId = null;
  if (dialog.open) dialog.close();
}

function describe(product) {
  byId("product-photo").replaceChildren(photoOf(product));
  byId("product-name").textContent = nameOf(product);
  byId("product-kind").textContent = [product.category, product.style, product.age_group].filter(Boolean).join(" · ");
  byId("product-description").textContent = product.description ?? "";
  byId("product-price").replaceChildren(...pricesOf(product));
  const link = byId("product-link");
  link.hidden = !isWebAddress(product.url);
  if (link.hidden) link.removeAttribute("href");
  else link.href = product.url;
}

async function showSimilar(key, product, addressOf) {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  try {
    paint({ items: skeletons(6) });
    const { data: products } = await similar(key, product.product_id, NUM_SIMILAR, signal);
    if (products.length === 0) return void paint({ notice: nothingSimilar() });
    paint({ count: `${products.length} similar products`, items: products.map((one) => card(one, addressOf(one))) });
  } catch (error) {
    if (signal.aborted) return;
    paint({ notice: problem(error, () => showSimilar(key, product, addressOf)) });
  }
}

function paint({ count = "", notice = null, items = [] }) {
  byId("similar-count").textContent = count;
  byId("similar-notice").replaceChildren(...(notice ? [notice] : []));
  byId("similar").replaceChildren(...items);
}

/** A shop's `url` may hold anything, `javascript:` too. */
function isWebAddress(url) {
  return URL.canParse(url ?? "") && ["http:", "https:"].includes(new URL(url).protocol);
}
