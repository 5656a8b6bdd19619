// One product with those that look like it: over the results as a dialog, or as a page of its own.

import { isAsked } from "./address.js";
import { cards, SIZES, skeletons } from "./cards.js";
import { similar } from "./client.js";
import { describe, forgetDescription } from "./description.js";
import { nothingSimilar, problem, productGone } from "./notices.js";

const NUM_SIMILAR = 12;

const byId = (id) => document.getElementById(id);
const dialog = byId("product");
const content = byId("product-content");
let asking = new AbortController();
let shownId = null;
let isAlone = false;
let leaving = () => {};

byId("close").addEventListener("click", () => leaving());
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  leaving();
});
dialog.addEventListener("close", () => {
  // A browser may close a dialog without asking first (a second Escape).
  if (shownId !== null && !isAlone) leaving();
});
dialog.addEventListener("click", (event) => {
  // The dialog's own box is all padding-free content, so a click on the element itself is one on the backdrop.
  if (event.target === dialog) leaving();
});

/** `page.leave` changes the address; closing follows from it. */
export function openProduct(key, view, page) {
  leaving = page.leave;
  const isFirst = shownId === null;
  const isShown = shownId === view.productId;
  const wasAlone = isAlone;
  isAlone = !isAsked(view);
  if (isShown && wasAlone === isAlone) return entitle(page);
  shownId = view.productId;
  place();
  const known = history.state?.product;
  const product = known?.product_id === shownId ? known : null;
  forgetDescription();
  if (product) tell(product, page);
  // Whoever opened this very address begins at the top of the page, as on any other.
  if (!isAlone || !isFirst) byId("product-name").focus();
  load(key, page);
}

export function closeProduct() {
  asking.abort();
  shownId = null;
  isAlone = false;
  if (dialog.open) dialog.close();
  byId("product-page").replaceChildren();
  dialog.append(content);
}

function place() {
  const here = isAlone ? byId("product-page") : dialog;
  if (content.parentElement !== here) here.append(content);
  if (isAlone && dialog.open) dialog.close();
  if (!isAlone && !dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

function tell(product, page) {
  describe(product);
  entitle(page);
}

function entitle(page) {
  const name = byId("product-name").textContent;
  if (name !== "") page.entitle(name);
}

async function load(key, page) {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const id = shownId;
  try {
    paint({ items: skeletons(6), busy: true });
    const { data: products, product } = await similar(key, id, NUM_SIMILAR, signal);
    tell(product, page);
    if (products.length === 0) return void paint({ notice: nothingSimilar() });
    const shown = cards(products, page.hrefOf, byId("similar"), SIZES.small);
    paint({ count: `${products.length} similar products`, items: shown });
  } catch (error) {
    if (signal.aborted) return;
    if (error.isAboutTheKey) return void page.wantKey(error.detail);
    if (error.status === 404) return void gone();
    paint({ notice: problem(error, () => load(key, page)) });
  }
}

function gone() {
  forgetDescription();
  content.classList.add("gone");
  paint({ notice: productGone("/") });
}

function paint({ count = "", notice = null, items = [], busy = false }) {
  byId("similar-count").textContent = count;
  byId("similar-notice").replaceChildren(...(notice ? [notice] : []));
  byId("similar").replaceChildren(...items);
  byId("similar").setAttribute("aria-busy", String(busy));
}
