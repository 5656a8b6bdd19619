// Talks to the FitMatch API with a publishable key: the only kind that may be seen in a browser.

import { noAnswer, readProblem } from "./problem.js";

const STORED_AS = "fitmatch.publishable_key";
const WAIT_MS_MAX = 20_000;

let demoKey = null;

/** Moves `?key=` out of the address bar, where it would end up in bookmarks and shared links. */
export function takeKeyFromAddress() {
  const url = new URL(location.href);
  if (!url.searchParams.has("key")) return;
  const key = url.searchParams.get("key");
  url.searchParams.delete("key");
  history.replaceState(history.state, "", url);
  keepKey(key);
}

/** Returns false for anything but a publishable key; that is never stored. */
export function keepKey(key) {
  if (!key.trim().startsWith("fm_pk_")) {
    forgetKey();
    return false;
  }
  sessionStorage.setItem(STORED_AS, key.trim());
  return true;
}

export function forgetKey() {
  demoKey = null;
  sessionStorage.removeItem(STORED_AS);
}

/** The key given by hand, else the one of the demo shop, else null: `{ key, isDemo }`. */
export async function findKey() {
  const given = sessionStorage.getItem(STORED_AS);
  if (given) return { key: given, isDemo: false };
  demoKey ??= await askForDemoKey();
  return { key: demoKey, isDemo: demoKey !== null };
}

async function askForDemoKey() {
  const answer = await fetch("/demo.json", { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return null;
  const demo = await answer.json().catch(() => null);
  return demo?.publishable_key ?? null;
}

/** The shop's name, what there is to choose from, and popular prompts. */
export function storefrontOf(key, signal) {
  return ask("/v1/storefront", key, signal);
}

/** `wish` is the API's own `{ prompt, filter, num_results }`; with a photo it goes as a form. */
export function recommend(key, wish, photo, signal) {
  const json = new Blob([JSON.stringify(wish)], { type: "application/json" });
  if (photo === null) return ask("/v1/recommendations", key, signal, { method: "POST", body: json });
  const form = new FormData();
  form.append("request", json);
  form.append("photo", photo, "photo.jpg");
  return ask("/v1/recommendations", key, signal, { method: "POST", body: form });
}

export function similar(key, productId, numResults, signal) {
  return ask(`/v1/products/${encodeURIComponent(productId)}/similar?num_results=${numResults}`, key, signal);
}

async function ask(path, key, signal, request = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      ...request,
      headers: { Accept: "application/json", Authorization: `Bearer ${key}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS_MAX)]),
    });
    if (answer.ok) return await answer.json();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw noAnswer(error, WAIT_MS_MAX);
  }
  throw await readProblem(answer);
}
