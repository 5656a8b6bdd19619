// The demo page. What is shown follows from the address (`?q=` and `product=`), so back, forward and reload work.

import { card, nameOf, skeletons } from "./cards.js";
import { findKey, forgetKey, keepKey, recommend, takeKeyFromAddress } from "./client.js";
import { emptyShop, keyWanted, problem } from "./notices.js";
import { closeProduct, openProduct } from "./product.js";

const NUM_RESULTS = 24;
// Photo addresses in an answer are signed for minutes: an older answer is asked for again.
const ANSWER_AGE_MS_MAX = 5 * 60_000;
const ANSWERS_MAX = 20;

const byId = (id) => document.getElementById(id);
const answers = new Map();
let asking = new AbortController();
let shownPrompt = null;

function start() {
  takeKeyFromAddress();
  addEventListener("popstate", show);
  byId("ask").addEventListener("submit", submit);
  document.addEventListener("click", follow);
  show();
}

/** Brings the page in line with the address. */
async function show() {
  const { prompt, productId } = readAddress();
  document.title = prompt ? `${prompt} · FitMatch` : "FitMatch";
  document.body.classList.toggle("asked", prompt !== "");
  markExample(prompt);
  if (byId("prompt").value !== prompt) byId("prompt").value = prompt;
  const { key, isDemo } = await findKey();
  byId("demo-credit").hidden = !isDemo;
  if (key === null) return void wantKey(null);
  if (prompt !== shownPrompt) await showPrompt(key, prompt);
  showProduct(key, productId);
}

async function showPrompt(key, prompt) {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  shownPrompt = prompt;
  if (prompt === "") return void paint({ products: [] });
  try {
    paint({ count: `Looking for “${prompt}”…`, items: skeletons(12), busy: true });
    const products = await answerFor(key, prompt, signal);
    if (products.length === 0) return void paint({ count: "No products.", notice: emptyShop() });
    paint({ count: counted(products.length, prompt), items: products.map((product) => card(product, addressOf(product))) });
  } catch (error) {
    if (signal.aborted) return;
    shownPrompt = null;
    if (error.isAboutTheKey) return void wantKey(error.detail);
    paint({ notice: problem(error, show) });
  }
}

async function answerFor(key, prompt, signal) {
  const kept = answers.get(prompt);
  if (kept && performance.now() - kept.at < ANSWER_AGE_MS_MAX) return kept.products;
  const { data: products } = await recommend(key, prompt, NUM_RESULTS, signal);
  answers.delete(prompt);
  answers.set(prompt, { products, at: performance.now() });
  if (answers.size > ANSWERS_MAX) answers.delete(answers.keys().next().value);
  return products;
}

/** A product is shown from the history entry, or from the answer on the page; else there is nothing known about it. */
function showProduct(key, productId) {
  const products = answers.get(shownPrompt)?.products ?? [];
  const product = history.state?.product ?? products.find((one) => one.product_id === productId);
  if (productId === null || product?.product_id !== productId) return closeProduct();
  document.title = `${nameOf(product)} · FitMatch`;
  openProduct(key, product, { addressOf, leave });
}

/** Leaves the dialog: back over the products opened in it, so that "back" afterwards does not open them again. */
function leave() {
  const depth = history.state?.depth;
  if (depth) history.go(-depth);
  else go(addressWith({}));
}

function submit(event) {
  event.preventDefault();
  const prompt = byId("prompt").value.trim();
  if (prompt === "") return byId("prompt").focus();
  // On a phone the keyboard would cover the results.
  if (matchMedia("(pointer: coarse)").matches) byId("prompt").blur();
  if (prompt === readAddress().prompt) {
    answers.delete(prompt);
    shownPrompt = null;
    return show();
  }
  return go(`/?${new URLSearchParams({ q: prompt })}`);
}

/** Links inside the page change the address without loading it anew; a new tab stays a new tab. */
function follow(event) {
  const link = event.target.closest?.("a[href]");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || link.target || link.hash || link.origin !== location.origin || link.pathname !== "/") return;
  event.preventDefault();
  go(link.href, link.product ? { product: link.product, depth: (history.state?.depth ?? 0) + 1 } : null);
}

function go(address, state = null) {
  history.pushState(state, "", address);
  if (state === null) scrollTo(0, 0);
  show();
}

function wantKey(reason) {
  forgetKey();
  closeProduct();
  const use = (key) => keepKey(key) && (show(), true);
  shownPrompt = null;
  paint({ notice: keyWanted(reason, use) });
}

function paint({ count = "", notice = null, items = [], busy = false }) {
  byId("count").textContent = count;
  byId("notice").replaceChildren(...(notice ? [notice] : []));
  byId("results").replaceChildren(...items);
  byId("results").setAttribute("aria-busy", String(busy));
}

function markExample(prompt) {
  for (const link of byId("examples").querySelectorAll("a")) {
    if (link.textContent === prompt) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    // On a phone the examples are one line that scrolls sideways.
    if (link.textContent === prompt) byId("examples").scrollTo({ left: link.offsetLeft - link.offsetWidth });
  }
}

function readAddress() {
  const words = new URLSearchParams(location.search);
  return { prompt: (words.get("q") ?? "").trim(), productId: words.get("product") };
}

function addressOf(product) {
  return addressWith({ product: product.product_id });
}

function addressWith(more) {
  return `/?${new URLSearchParams({ q: readAddress().prompt, ...more })}`;
}

function counted(count, prompt) {
  return `${count} ${count === 1 ? "product" : "products"} for “${prompt}”, best first`;
}

start();
