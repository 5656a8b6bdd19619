// What is shown instead of products: why there are none, and what to do about it.

import { make } from "./make.js";

export function emptyShop() {
  return notice(
    "Nothing to show yet",
    make("p", {}, "This shop has no products that can be recommended. A photo can be found a few seconds after its upload."),
  );
}

export function nothingSimilar() {
  return make("p", { className: "quiet" }, "Nothing else in this shop comes close.");
}

export function problem(error, tryAgain) {
  const wait = error.retryAfterS ? ` Try again in ${error.retryAfterS} s.` : "";
  const button = make("button", { type: "button", className: "button" }, "Try again");
  button.addEventListener("click", tryAgain);
  const shown = notice(
    error.title ?? "Something went wrong",
    make("p", {}, (error.detail ?? "The page failed to show the answer.") + wait),
    button,
    error.requestId ? make("p", { className: "quiet" }, "Request ", make("code", {}, error.requestId)) : null,
  );
  shown.setAttribute("role", "alert");
  return shown;
}

/** Asks for a publishable key; `use(key)` returns whether it took it. */
export function keyWanted(reason, use) {
  const input = make("input", {
    id: "key", name: "key", type: "text", required: true, autocomplete: "off", spellcheck: false, placeholder: "fm_pk_…",
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
    `  -d '{"name": "demo page", "kind": "publishable", "allowed_origins": ["${location.origin}"]}'`,
  ].join("\n");
}

function notice(title, ...content) {
  return make("section", { className: "notice" }, make("h2", {}, title), ...content.filter((part) => part !== null));
}
