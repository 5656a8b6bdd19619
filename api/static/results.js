// The products for what was asked, or why there are none.

import { isAsked } from "./address.js";
import { cards, SIZES, skeletons } from "./cards.js";
import { chips, filterOf, nothingChosen } from "./choices.js";
import { recommend } from "./client.js";
import { emptyShop, nothingFits, problem } from "./notices.js";
import { remember } from "./recent.js";

const NUM_RESULTS = 24;
// Photo addresses in an answer are signed for minutes: an older answer is asked for again.
const ANSWER_AGE_MS_MAX = 5 * 60_000;
const ANSWERS_MAX = 20;

const byId = (id) => document.getElementById(id);
const answers = new Map();
let asking = new AbortController();
let shownAs = null;
let failed = false;

export async function showResults(key, view, page) {
  const asked = askedBy(view);
  if (asked === shownAs) return;
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  shownAs = asked;
  failed = false;
  if (!isAsked(view)) return void paint({});
  try {
    wait(view);
    const products = await answerFor(key, view, signal);
    if (view.prompt !== "") remember(view.prompt);
    if (products.length > 0) paint({ count: counted(products.length, view), items: shown(products, page) });
    else paint({ count: "No products.", notice: whyNone(view, page) });
  } catch (error) {
    if (signal.aborted) return;
    fail(error, page);
  }
}

/** The next `showResults` asks the server even for what was answered a moment ago. */
export function askAgain(view) {
  answers.delete(askedBy(view));
  shownAs = null;
}

/** Whether what is shown is an error that a working connection may mend. */
export function hasFailed() {
  return failed;
}

export function paint({ count = "", notice = null, items = [], busy = false }) {
  byId("count").textContent = count;
  byId("notice").replaceChildren(...(notice ? [notice] : []));
  byId("results").replaceChildren(...items);
  byId("results").setAttribute("aria-busy", String(busy));
}

/** What is shown stays until it can be replaced; without anything there are placeholders. */
function wait(view) {
  const before = [...byId("results").querySelectorAll("li:not(.skeleton)")];
  paint({ count: `Looking for ${told(view)}…`, items: before.length > 0 ? before : skeletons(12), busy: true });
}

function fail(error, page) {
  shownAs = null;
  failed = true;
  if (error.isAboutTheKey) return void page.wantKey(error.detail);
  paint({ notice: problem(error, page.retry) });
}

function shown(products, page) {
  return cards(products, page.hrefOf, byId("results"), SIZES.grid);
}

function whyNone(view, page) {
  const on = chips(view.chosen, page.storefront()?.prices[0]?.currency);
  return on.length === 0 || isEmpty(page.storefront()) ? emptyShop() : nothingFits(on, page.choose, nothingChosen());
}

function isEmpty(storefront) {
  return storefront !== null && Object.values(storefront.availability).every((count) => count === 0);
}

async function answerFor(key, view, signal) {
  const asked = askedBy(view);
  const kept = answers.get(asked);
  if (kept && performance.now() - kept.at < ANSWER_AGE_MS_MAX) return kept.products;
  const filter = filterOf(view.chosen);
  const wish = { num_results: NUM_RESULTS, ...(view.prompt && { prompt: view.prompt }), ...(filter && { filter }) };
  const { data: products } = await recommend(key, wish, view.photo?.blob ?? null, signal);
  answers.delete(asked);
  answers.set(asked, { products, at: performance.now() });
  if (answers.size > ANSWERS_MAX) answers.delete(answers.keys().next().value);
  return products;
}

function askedBy(view) {
  return JSON.stringify([view.prompt, view.photo?.id ?? null, filterOf(view.chosen)]);
}

function counted(count, view) {
  return `${count} ${count === 1 ? "product" : "products"} for ${told(view)}, best first`;
}

function told({ prompt, photo }) {
  if (photo === null) return `“${prompt}”`;
  return prompt === "" ? "your photo" : `your photo and “${prompt}”`;
}
