// The prompt as an ARIA combobox with a listbox: the field keeps the focus, `aria-activedescendant` moves.

import { make } from "./make.js";
import { forgetRecent, recent } from "./recent.js";
import { suggestionsFor } from "./suggestions.js";

const byId = (id) => document.getElementById(id);
const field = byId("prompt");
const popup = byId("suggestions");
const list = byId("suggestions-list");
let ask = () => {};
let storefront = () => null;
let active = -1;

/** `ask(prompt)` is called for a suggestion that was chosen. */
export function startSuggestions(page) {
  ({ ask, storefront } = page);
  field.addEventListener("input", open);
  field.addEventListener("click", open);
  field.addEventListener("keydown", press);
  byId("ask").addEventListener("submit", close);
  byId("ask").addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget !== field && !popup.contains(relatedTarget)) close();
  });
  // The field keeps the focus while a suggestion is clicked.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => {
    const option = target.closest("[role=option]");
    if (option) choose(option);
  });
  byId("forget").addEventListener("click", () => {
    forgetRecent();
    field.focus();
    open();
  });
}

function open() {
  const groups = suggestionsFor(field.value, recent(), storefront());
  list.replaceChildren(...groups.map(group));
  byId("forget").hidden = recent().length === 0;
  const count = options().length;
  popup.hidden = count === 0;
  field.setAttribute("aria-expanded", String(count > 0));
  byId("suggestions-count").textContent = count === 0 ? "" : `${count} ${count === 1 ? "suggestion" : "suggestions"}`;
  mark(-1);
}

function close() {
  popup.hidden = true;
  field.setAttribute("aria-expanded", "false");
  byId("suggestions-count").textContent = "";
  mark(-1);
}

function press(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in steps) {
    event.preventDefault();
    if (popup.hidden) open();
    move(steps[event.key]);
  } else if (event.key === "Escape" && !popup.hidden) {
    event.preventDefault();
    close();
  } else if (event.key === "Enter" && active >= 0) {
    event.preventDefault();
    choose(options()[active]);
  }
}

/** Past either end lies the field itself, then the other end. */
function move(step) {
  const places = options().length + 1;
  mark(((active + 1 + step + places) % places) - 1);
}

function mark(place) {
  active = place;
  for (const [index, option] of options().entries()) option.setAttribute("aria-selected", String(index === place));
  const option = options()[place];
  if (!option) return field.removeAttribute("aria-activedescendant");
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function choose(option) {
  field.value = option.dataset.prompt;
  close();
  ask(option.dataset.prompt);
}

function options() {
  return [...list.querySelectorAll("[role=option]")];
}

function group({ label, prompts }, number) {
  const head = make("div", { className: "suggestions-label", id: `suggestions-${number}` }, label);
  head.setAttribute("role", "presentation");
  const made = make("div", {}, head, ...prompts.map((prompt, place) => option(prompt, `suggestion-${number}-${place}`)));
  made.setAttribute("role", "group");
  made.setAttribute("aria-labelledby", head.id);
  return made;
}

function option(prompt, id) {
  const made = make("div", { id, className: "suggestion" }, prompt);
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", "false");
  made.dataset.prompt = prompt;
  return made;
}
