// The storefront. What is shown follows from the address and the history entry, so back, forward and reload work.

import { addressOf, currentView, isAsked } from "./address.js";
import { nothingChosen } from "./choices.js";
import { findKey, forgetKey, keepKey, storefrontOf, takeKeyFromAddress } from "./client.js";
import { watchConnection } from "./connection.js";
import { offerFilters, showChosen, startFilters } from "./filters.js";
import { keyWanted } from "./notices.js";
import { startShowing, viewShown } from "./photo.js";
import { keep } from "./photos.js";
import { closeProduct, openProduct } from "./product.js";
import { askAgain, hasFailed, paint, showResults } from "./results.js";
import { startSuggestions } from "./suggest.js";
import { welcome } from "./welcome.js";

const byId = (id) => document.getElementById(id);
const shop = { key: null, storefront: null };
let turn = 0;

const page = {
  storefront: () => shop.storefront,
  hrefOf: (product) => addressOf({ ...currentView(), productId: product.product_id }),
  choose: (chosen) => go({ ...currentView(), chosen, productId: null }),
  retry: () => show(),
  leave,
  wantKey,
  entitle,
};

function start() {
  takeKeyFromAddress();
  startFilters({ choose: page.choose, chosen: () => currentView().chosen });
  startSuggestions({ ask, storefront: page.storefront });
  startShowing({ take: (made) => go({ ...words(), photo: keep(made) }), remove: removePhoto });
  watchConnection(() => hasFailed() && show());
  addEventListener("popstate", show);
  byId("ask").addEventListener("submit", submit);
  document.addEventListener("click", follow);
  show();
}

/** Brings the page in line with the address. */
async function show() {
  turn += 1;
  const ours = turn;
  const view = currentView();
  const alone = view.productId !== null && !isAsked(view);
  const { classList } = document.documentElement;
  classList.toggle("asked", isAsked(view) || alone);
  classList.toggle("alone", alone);
  // What was typed before this script ran stays, unless the address says otherwise.
  const typedEarly = ours === 1 && view.prompt === "";
  if (!typedEarly && byId("prompt").value !== view.prompt) byId("prompt").value = view.prompt;
  viewShown(view.photo);
  entitle(view.prompt);
  showChosen(view.chosen, shop.storefront);
  const { key, isDemo } = await findKey();
  if (ours !== turn) return;
  byId("demo-credit").hidden = !isDemo;
  if (key === null) return void wantKey(null);
  if (key !== shop.key) learn(key);
  showResults(key, view, page);
  if (view.productId === null) closeProduct();
  else openProduct(key, view, page);
}

/** What the shop has; without this the page still answers prompts, so its failure is not told. */
async function learn(key) {
  shop.key = key;
  const storefront = await storefrontOf(key, new AbortController().signal).catch(() => null);
  if (storefront === null || key !== shop.key) return;
  shop.storefront = storefront;
  byId("shop-name").textContent = storefront.shop.name;
  document.title = document.title.replace(/[^·]*$/, ` ${storefront.shop.name}`).trim();
  welcome(storefront);
  offerFilters(storefront);
  showChosen(currentView().chosen, storefront);
}

function entitle(words) {
  const name = shop.storefront?.shop.name ?? "FitMatch";
  document.title = words ? `${words} · ${name}` : name;
}

function submit(event) {
  event.preventDefault();
  ask(byId("prompt").value.trim());
}

function ask(prompt) {
  const view = currentView();
  if (prompt === "" && view.photo === null) return byId("prompt").focus();
  // On a phone the keyboard would cover the results.
  if (matchMedia("(pointer: coarse)").matches) byId("prompt").blur();
  const wanted = { ...view, prompt, productId: null };
  if (prompt === view.prompt && view.productId === null) {
    askAgain(view);
    return show();
  }
  return go(wanted, { top: true });
}

/** The words as they stand in the field, asked or not: a photo is shown beside them. */
function words() {
  return { ...currentView(), prompt: byId("prompt").value.trim(), productId: null };
}

function removePhoto() {
  go({ ...words(), photo: null });
  byId("prompt").focus();
}

/** Leaves the dialog: back over the products opened in it, so that "back" afterwards does not open them again. */
function leave() {
  const depth = history.state?.depth;
  if (depth) history.go(-depth);
  else go({ ...currentView(), productId: null });
}

/** Links inside the page change the address without loading it anew; a new tab stays a new tab. */
function follow(event) {
  const link = event.target.closest?.("a[href]");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || link.target || link.hash || link.origin !== location.origin || link.pathname !== "/") return;
  event.preventDefault();
  const { photo = null, depth = 0 } = history.state ?? {};
  if (link.product) history.pushState({ photo, product: link.product, depth: depth + 1 }, "", link.href);
  else history.pushState(null, "", link.href);
  if (!link.product || document.documentElement.classList.contains("alone")) scrollTo(0, 0);
  show();
}

function go(view, { top = false } = {}) {
  history.pushState({ photo: view.photo?.id ?? null }, "", addressOf({ chosen: nothingChosen(), ...view }));
  if (top) scrollTo(0, 0);
  show();
}

function wantKey(reason) {
  forgetKey();
  closeProduct();
  const use = (key) => keepKey(key) && (show(), true);
  shop.key = null;
  paint({ notice: keyWanted(reason, use) });
}

start();
