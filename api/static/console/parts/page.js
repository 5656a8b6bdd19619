// What every view is made of: its head, and what is shown instead of content.

import { make } from "../../make.js";

/** `page("Keys", { actions: [button], lead: "…" }, …content)`: `lead` is a sentence below the name. */
export function page(title, { actions = [], lead = null, back = null } = {}, ...content) {
  return make(
    "div",
    { className: "page" },
    back ? make("a", { className: "back", href: back.href }, `← ${back.name}`) : null,
    make(
      "div",
      { className: "page-head" },
      make("h1", { tabIndex: -1 }, title),
      actions.length ? make("div", { className: "actions" }, ...actions) : null,
    ),
    lead === null ? null : make("p", { className: "lead" }, lead),
    ...content,
  );
}

/** A part of a page with a name of its own. */
export function section(title, ...content) {
  return make("section", { className: "part" }, make("h2", { tabIndex: -1 }, title), ...content);
}

export function button(text, act, { quiet = false, word = false, id = "" } = {}) {
  const kind = word ? "button-word" : quiet ? "button-quiet" : "button";
  const made = make("button", { type: "button", className: kind, id }, text);
  made.addEventListener("click", act);
  return made;
}

export function link(text, href, { className = "" } = {}) {
  return make("a", { href, className }, text);
}

/** Why there is nothing, and what to do about it. */
export function notice(title, ...content) {
  return make("section", { className: "notice" }, make("h2", { tabIndex: -1 }, title), ...content);
}

export function problem(error, tryAgain) {
  // A mistake of ours, not an answer: whoever looks into it finds it in the browser's console.
  if (error.detail === undefined) console.error(error);
  const wait = error.retryAfterS ? ` Try again in ${error.retryAfterS} s.` : "";
  const shown = notice(
    error.title ?? "Something went wrong",
    make("p", {}, (error.detail ?? "The console failed to show this.") + wait),
    button("Try again", tryAgain),
    error.requestId ? make("p", { className: "quiet" }, "Request ", make("code", {}, error.requestId)) : null,
  );
  shown.setAttribute("role", "alert");
  return shown;
}

export function noPage(home) {
  return notice(
    "There is no such page",
    make("p", {}, "It is not here, or not for whoever is signed in."),
    link("To the start", home, { className: "button-quiet" }),
  );
}

/** Shown only when the answer takes a moment (look.css: .skeleton). */
export function waiting() {
  const bones = ["bone bone-short", "bone", "bone", "bone"].map((className) => make("div", { className }));
  const shown = make("div", { className: "skeleton" }, make("span", { className: "unseen" }, "Loading…"), ...bones);
  shown.setAttribute("aria-busy", "true");
  return shown;
}
