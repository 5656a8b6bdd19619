// What is shown instead of products: why there are none, and what to do about it.

import { make } from "./make.js";
import { inShoppersWords } from "./photo_words.js";

const RETRY_AFTER_S_MAX = 120;

export function emptyShop() {
  return notice(
    "Nothing to show yet",
    make("p", {}, "This shop has no products that can be recommended. A photo can be found a few seconds after its upload."),
  );
}

export function nothingSimilar() {
  return make("p", { className: "quiet" }, "Nothing else in this shop comes close.");
}

/** Each choice can be taken back on its own, or all at once. */
export function nothingFits(chips, choose, nothingChosen) {
  const removals = chips.map(({ words, without }) =>
    make("li", {}, button(`Without “${words}”`, "button-quiet", () => choose(without))),
  );
  return notice(
    "No product fits these filters",
    make("p", {}, "The shop has other products, but none that all of your filters allow."),
    chips.length > 1 ? make("ul", { className: "ways-out" }, ...removals) : null,
    button(chips.length > 1 ? "Clear all filters" : `Without “${chips[0].words}”`, "button", () => choose(nothingChosen)),
  );
}

export function productGone(startAddress) {
  return notice(
    "This product is no longer here",
    make("p", {}, "The shop has taken it away, or the link is not complete."),
    make("p", {}, make("a", { className: "button", href: startAddress }, "See what there is")),
  );
}

export function problem(error, tryAgain) {
  const told = make(
    "div",
    {},
    make("h2", {}, error.title ?? "Something went wrong"),
    make("p", {}, inShoppersWords(error)),
  );
  told.setAttribute("role", "alert");
  const shown = make("section", { className: "notice" }, told);
  if (error.code === "offline") told.append(make("p", {}, "The page asks again by itself as soon as there is one."));
  else shown.append(againIn(error.retryAfterS ?? 0, tryAgain));
  if (error.requestId) shown.append(make("p", { className: "quiet" }, "Request ", make("code", {}, error.requestId)));
  return shown;
}

/** The server says how long it wants to be left alone. The seconds count down outside of the alert, or each were read out. */
function againIn(seconds, tryAgain) {
  const shown = button("Try again", "button", tryAgain);
  const tick = (left) => {
    shown.disabled = left > 0;
    shown.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
    if (left > 0) setTimeout(() => shown.isConnected && tick(left - 1), 1000);
  };
  tick(Math.min(seconds, RETRY_AFTER_S_MAX));
  return shown;
}

function button(words, className, act) {
  const made = make("button", { type: "button", className }, words);
  made.addEventListener("click", act);
  return made;
}

/** Asks for a publishable key; `use(key)` returns whether it took it. */
export function keyWanted(reason, use) {
  const input = make("input", {
    id: "key", className: "input input-code", name: "key", type: "text", required: true, autocomplete: "off", spellcheck: false, placeholder: "fm_pk_…",
  });
  const hint = make("p", { className: "wrong", id: "key-hint" });
  hint.setAttribute("role", "alert");
  input.setAttribute("aria-describedby", hint.id);
  const form = make(
    "form",
    { className: "key-form" },
    make("label", { htmlFor: "key" }, "Publishable key"),
    make("div", { className: "key-row" }, input, make("button", { className: "button" }, "Use this key")),
    hint,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (use(input.value)) return;
    hint.textContent = input.value.startsWith("fm_sk_")
      ? "That is a secret key. It belongs on a server, never in a browser."
      : "A publishable key begins with fm_pk_.";
    input.select();
  });
  const shown = notice(
    "This page needs a publishable key",
    reason ? make("p", { className: "wrong" }, reason) : null,
    make("p", {}, "Create one with the shop's secret key:"),
    make("pre", {}, make("code", {}, howToCreate())),
    make("p", {}, "Then paste it here, or open this page as ", make("code", {}, "/?key=fm_pk_…"), "."),
    form,
  );
  shown.setAttribute("role", "region");
  shown.setAttribute("aria-label", "Publishable key");
  return shown;
}

function howToCreate() {
  return [
    `curl ${location.origin}/v1/keys \\`,
    '  -H "Authorization: Bearer fm_sk_…" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '{"name": "storefront", "kind": "publishable", "allowed_origins": ["${location.origin}"]}'`,
  ].join("\n");
}

function notice(title, ...content) {
  return make("section", { className: "notice" }, make("h2", {}, title), ...content.filter((part) => part !== null));
}
