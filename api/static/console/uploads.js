// Photos on their way to the server, each to become a product. They go on while other views are looked at, wait while the
// session is over, and are dropped when another shop signs in.

import { get, newKey } from "./api.js";
import { sendForm } from "./sending.js";
import { isSettled } from "./statuses.js";

export const AT_ONCE_MAX = 3;
const TRIES_MAX = 8;
const FOLLOWED_MAX = 10;
const FOLLOW_MS = 1_000;
const BUSY = new Set([429, 503]);

let current = null;

/** The uploads of whoever is signed in. */
export function uploadsOf(session) {
  if (current?.shopId !== session.shop.id) {
    current?.end();
    current = new Uploads(session.shop.id);
  }
  current.go(session.ended);
  return current;
}

/**
 * Entries: { file, preview, name, category, state, share, product, problem }. `state` is "chosen" (may be named or taken out),
 * "waiting", "sending", "stored" (`product` says how its photo does) or "failed" (`problem` says why).
 * A "change" event names the entry in `detail`; null: the pause, or which entries there are.
 */
class Uploads extends EventTarget {
  constructor(shopId) {
    super();
    Object.assign(this, { shopId, entries: [], pausedUntil: null });
    this.leaving = new AbortController();
    this.following = null;
    addEventListener("beforeunload", (event) => {
      if (this.isSending) event.preventDefault();
    });
  }

  get isSending() {
    return this.entries.some(({ state }) => state === "waiting" || state === "sending");
  }

  /** Until `ended`: then what is under way waits for the next session. */
  go(ended) {
    if (this.ended === ended) return;
    this.ended = ended;
    this.leaving = new AbortController();
    ended.addEventListener("abort", () => this.leaving.abort());
    this.pump();
  }

  end() {
    this.leaving.abort();
    for (const { preview } of this.entries) URL.revokeObjectURL(preview);
    this.entries = [];
  }

  choose(files) {
    for (const file of files) {
      this.entries.push(entryOf(file));
    }
    this.changed(null);
  }

  takeOut(entry) {
    this.entries = this.entries.filter((one) => one !== entry);
    URL.revokeObjectURL(entry.preview);
    this.changed(null);
  }

  /** Those that shoppers find need no line any more. */
  clear() {
    this.entries = this.entries.filter(({ state, product }) => state !== "stored" || !isSettled(product));
    this.changed(null);
  }

  start(category) {
    for (const entry of this.entries.filter(({ state }) => state === "chosen")) {
      Object.assign(entry, { state: "waiting", category });
    }
    this.changed(null);
    this.pump();
  }

  tryAgain(entry) {
    Object.assign(entry, { state: "waiting", tries: 0, problem: null });
    this.changed(entry);
    this.pump();
  }

  pump() {
    if (this.leaving.signal.aborted || this.pausedUntil !== null) return;
    const free = AT_ONCE_MAX - this.entries.filter(({ state }) => state === "sending").length;
    const next = this.entries.filter(({ state }) => state === "waiting").slice(0, Math.max(free, 0));
    for (const entry of next) this.send(entry, this.leaving.signal);
    this.follow();
  }

  async send(entry, signal) {
    Object.assign(entry, { state: "sending", share: 0, tries: entry.tries + 1 });
    this.changed(entry);
    const onProgress = (share) => {
      entry.share = share;
      this.changed(entry);
    };
    try {
      const { body } = await sendForm("/v1/products", formOf(entry), { once: entry.once, onProgress, signal });
      Object.assign(entry, { state: "stored", product: body });
      URL.revokeObjectURL(entry.preview);
    } catch (error) {
      this.failed(entry, error, signal);
    }
    this.changed(entry);
    this.pump();
  }

  failed(entry, error, signal) {
    const isOver = signal.aborted || error.status === 401;
    const goesOn = BUSY.has(error.status) || error.code === "idempotency_in_progress";
    if (isOver) entry.state = "waiting";
    else if (goesOn && entry.tries < TRIES_MAX) {
      entry.state = "waiting";
      this.pause(error.retryAfterS ?? 1);
    } else Object.assign(entry, { state: "failed", problem: error });
  }

  /** The service said that it is busy: none is sent before the time that it named. */
  pause(seconds) {
    const until = Date.now() + seconds * 1000;
    if (this.pausedUntil !== null && this.pausedUntil >= until) return;
    this.pausedUntil = until;
    this.changed(null);
    setTimeout(() => {
      if (this.pausedUntil !== until) return;
      this.pausedUntil = null;
      this.changed(null);
      this.pump();
    }, seconds * 1000);
  }

  /** Asks how the stored ones do, a few at a time, until all are settled. */
  follow() {
    if (this.following !== null || this.leaving.signal.aborted) return;
    const unsettled = this.entries.filter(({ state, product }) => state === "stored" && !isSettled(product));
    if (unsettled.length === 0) return;
    this.following = setTimeout(async () => {
      await Promise.all(unsettled.slice(0, FOLLOWED_MAX).map((entry) => this.look(entry)));
      this.following = null;
      this.follow();
    }, FOLLOW_MS);
  }

  async look(entry) {
    const product = await get(`/v1/products/${entry.product.id}`, { signal: this.leaving.signal }).catch((error) => error);
    // Deleted meanwhile: there is nothing to follow.
    if (product.status === 404) return this.takeOut(entry);
    if (!product.id || product.status === entry.product.status) return undefined;
    entry.product = product;
    return this.changed(entry);
  }

  changed(entry) {
    this.dispatchEvent(new CustomEvent("change", { detail: entry }));
  }
}

/** `once` is kept over all its tries: an answer that was lost on the way makes no second product. */
function entryOf(file) {
  const preview = URL.createObjectURL(file);
  return { file, preview, name: nameOf(file), category: "", state: "chosen", share: 0, product: null, problem: null, once: newKey(), tries: 0 };
}

function formOf({ file, name, category }) {
  const form = new FormData();
  form.set("name", name.trim() || nameOf(file));
  if (category) form.set("category", category);
  form.set("photo", file);
  return form;
}

/** "red_summer-dress.JPG" is a "red summer dress". */
function nameOf(file) {
  const words = file.name.replace(/\.[a-z0-9]{1,5}$/i, "").replaceAll(/[_\s]+|(?<=\p{L})-(?=\p{L})/gu, " ").trim();
  return (words || file.name).slice(0, 250);
}
