// The filters: what there is to choose from, and chips for what is chosen. The address holds the choice.

import { amountOf, chips, nameOfChoice, nothingChosen, TERMS } from "./choices.js";
import { icon, make } from "./make.js";
import { money } from "./prices.js";

const CHOICES_SHOWN = 8;
const LEGENDS = { category: "Category", style: "Style", age_group: "Made for", availability: "Availability" };

const byId = (id) => document.getElementById(id);
const panel = byId("filters");
const toggle = byId("filters-toggle");
let choose = () => {};

/** `choose(chosen)` changes the address. */
export function startFilters(page) {
  choose = page.choose;
  panel.addEventListener("change", (event) => {
    const [priceMin, priceMax] = pricesGiven();
    if (event.target.type === "text" && !arePossible(priceMin, priceMax)) return;
    choose({ ...chosenTerms(), priceMin, priceMax });
  });
  panel.addEventListener("submit", (event) => event.preventDefault());
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || toggle.offsetParent === null) return;
    open(false);
    toggle.focus();
  });
  toggle.addEventListener("click", () => open(toggle.getAttribute("aria-expanded") !== "true"));
  byId("filters-done").addEventListener("click", () => {
    open(false);
    byId("main").focus();
  });
  byId("clear").addEventListener("click", () => {
    choose(nothingChosen());
    byId("main").focus();
  });
}

/** Draws the choices anew for this shop. */
export function offerFilters({ categories, styles, age_groups: ageGroups, availability, prices }) {
  const offered = { category: categories, style: styles, age_group: ageGroups, availability: inStockFirst(availability) };
  const groups = TERMS.map((term) => group(term, offered[term]));
  byId("filter-groups").replaceChildren(...groups);
  byId("price").hidden = prices.length === 0;
  byId("price-range").textContent = prices.map(rangeOf).join("; ");
}

/** Brings the fields and the chips in line with what is chosen. */
export function showChosen(chosen, storefront) {
  for (const term of TERMS) showTerm(term, chosen[term]);
  byId("price-min").value = chosen.priceMin ?? "";
  byId("price-max").value = chosen.priceMax ?? "";
  byId("price-wrong").textContent = "";
  const on = chips(chosen, storefront?.prices[0]?.currency);
  byId("chips").replaceChildren(...on.map(chip));
  byId("chips-row").hidden = on.length === 0;
  byId("filters-count").textContent = on.length === 0 ? "" : ` (${on.length})`;
}

function showTerm(term, values) {
  const known = [...panel.querySelectorAll(`[name=${term}]`)];
  for (const box of known) box.checked = values.includes(box.value);
  // An address may name what the shop no longer has: it can be seen and taken away, too.
  const gone = values.filter((value) => !known.some((box) => box.value === value));
  const list = panel.querySelector(`[data-term=${term}]`);
  list?.append(...gone.map((name) => choice(term, { name }, true)));
  if (list) list.closest("fieldset").hidden = list.children.length < 2;
}

function group(term, offered) {
  const list = make("div", { className: "choices" }, ...offered.map((one) => choice(term, one, false)));
  list.dataset.term = term;
  const fieldset = make("fieldset", { className: "filter-group" }, make("legend", {}, LEGENDS[term]), list);
  if (offered.length > CHOICES_SHOWN + 2) fieldset.append(more(list, offered.length));
  return fieldset;
}

function choice(term, { name, product_count: count = null }, checked) {
  return make(
    "label",
    { className: "choice" },
    make("input", { type: "checkbox", name: term, value: name, checked }),
    make("span", {}, nameOfChoice(term, name)),
    count === null ? null : make("span", { className: "choice-count" }, String(count), make("span", { className: "unseen" }, " products")),
  );
}

function more(list, count) {
  list.classList.add("choices-cut");
  const button = make("button", { type: "button", className: "button-word" }, `All ${count}`);
  button.addEventListener("click", () => {
    list.classList.remove("choices-cut");
    list.children[CHOICES_SHOWN].querySelector("input").focus();
    button.remove();
  });
  return button;
}

function chip({ words, without }, place) {
  const button = make("button", { type: "button", className: "chip" }, words, icon("cross"));
  button.setAttribute("aria-label", `Remove filter: ${words}`);
  button.addEventListener("click", () => {
    choose(without);
    const left = byId("chips").querySelectorAll("button");
    (left[Math.min(place, left.length - 1)] ?? byId("main")).focus();
  });
  return make("li", {}, button);
}

function chosenTerms() {
  const checked = (term) => [...panel.querySelectorAll(`[name=${term}]:checked`)].map((box) => box.value);
  return Object.fromEntries(TERMS.map((term) => [term, checked(term)]));
}

function pricesGiven() {
  return ["price-min", "price-max"].map((id) => amountOf(byId(id).value));
}

function arePossible(priceMin, priceMax) {
  const areAmounts = [byId("price-min").value, byId("price-max").value].every((text) => text.trim() === "" || amountOf(text));
  const areInOrder = priceMin === null || priceMax === null || Number(priceMin) <= Number(priceMax);
  const wrong = areInOrder ? "" : "“From” is more than “to”.";
  byId("price-wrong").textContent = areAmounts ? wrong : "Write an amount such as 49.90.";
  return areAmounts && areInOrder;
}

function inStockFirst(availability) {
  return ["in_stock", "preorder", "out_of_stock"]
    .map((name) => ({ name, product_count: availability[name] }))
    .filter((one) => one.product_count > 0);
}

function rangeOf({ min, max, currency }) {
  return `${money({ amount: min, currency })} to ${money({ amount: max, currency })}`;
}

function open(isOpen) {
  toggle.setAttribute("aria-expanded", String(isOpen));
  panel.classList.toggle("open", isOpen);
}
