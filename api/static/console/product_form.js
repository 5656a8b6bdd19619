// What a shop says of a product, as a form. Only what was changed is sent, and only onto what was read: what somebody else
// changed meanwhile is shown beside it.

import { make } from "../make.js";
import { call } from "./api.js";
import { open } from "./parts/dialogs.js";
import { form } from "./parts/forms.js";
import { button } from "./parts/page.js";
import { say } from "./parts/say.js";

const AVAILABILITIES = [
  { value: "in_stock", text: "in stock" },
  { value: "out_of_stock", text: "out of stock" },
  { value: "preorder", text: "preorder" },
];
const LISTS = ["colours", "sizes", "materials", "tags"];
const TEXTS = ["name", "description"];
const MONEY = ["price", "sale_price"];

/** `shown`: { address, product, etag }; `choices`: names for category, style and age_group. */
export function detailsForm(shown, choices, place) {
  const began = textsOf(shown.product);
  const made = form({
    fields: fieldsOf(began),
    submit: "Save",
    send: async (values) => {
      const changes = changesBetween(began, values);
      if (Object.keys(changes).length === 0) return say("Nothing was changed.");
      return save(shown, changes, place);
    },
  });
  made.classList.add("form-wide");
  suggest(made, choices);
  return made;
}

async function save(shown, changes, place) {
  try {
    await call("PATCH", shown.address, { json: changes, ifMatch: shown.etag, signal: place.signal });
  } catch (error) {
    if (error.status !== 412) throw error;
    return conflict(shown, changes, place);
  }
  await place.refresh();
  return say("Saved.");
}

/** Somebody else was faster: theirs and ours side by side, and the choice. */
async function conflict(shown, changes, place) {
  const theirs = await call("GET", shown.address, { signal: place.signal });
  const texts = textsOf(theirs.body);
  const rows = Object.keys(changes).map((name) =>
    make("tr", {}, head(labelOf(name)), make("td", {}, texts[name] || "–"), make("td", {}, told(changes[name]) || "–")),
  );
  const columns = make("tr", {}, ...["", "Theirs", "Yours"].map((title) => make("th", { scope: "col" }, title)));
  const dialog = open(
    "Somebody else changed it",
    make("p", {}, "The product was changed after you opened it. Nothing of yours is saved yet."),
    make("table", { className: "compared" }, make("thead", {}, columns), make("tbody", {}, ...rows)),
    make(
      "div",
      { className: "actions" },
      button("Take theirs", async () => (dialog.close(), await place.refresh(), say("You see what they saved."))),
      button("Save mine", () => (dialog.close(), again()), { quiet: true }),
    ),
  );
  const again = async () => {
    Object.assign(shown, { product: theirs.body, etag: theirs.etag });
    await save(shown, changes, place).catch((error) => say(`Nothing is saved. ${error.detail}`));
  };
}

function head(text) {
  return make("th", { scope: "row" }, text);
}

/** Every field as the text that its input holds. */
function textsOf(product) {
  const texts = {};
  for (const { name } of FIELDS) {
    if (name === "currency") texts[name] = product.price?.currency ?? product.sale_price?.currency ?? "EUR";
    else if (MONEY.includes(name)) texts[name] = product[name]?.amount ?? "";
    else if (LISTS.includes(name)) texts[name] = product[name].join(", ");
    else texts[name] = product[name] ?? "";
  }
  return texts;
}

/** As PATCH takes them: lists as lists, money with its currency, what was emptied as null. */
function changesBetween(before, values) {
  const isNew = (name) => before[name] !== values[name].trim();
  const changes = {};
  for (const { name } of FIELDS) {
    const text = values[name].trim();
    if (MONEY.includes(name)) {
      if (isNew(name) || (text && isNew("currency"))) changes[name] = text ? { amount: text, currency: values.currency.trim().toUpperCase() } : null;
    } else if (name !== "currency" && isNew(name)) changes[name] = valueOf(name, text);
  }
  return changes;
}

function valueOf(name, text) {
  if (LISTS.includes(name)) return text.split(",").map((word) => word.trim()).filter(Boolean);
  return TEXTS.includes(name) ? text : text || null;
}

function told(value) {
  if (Array.isArray(value)) return value.join(", ");
  return value?.amount ? `${value.amount} ${value.currency}` : value;
}

const LIST_HINT = "Separated by commas";
const FIELDS = [
  { name: "name", label: "Name", required: true, maxLength: 250, autocomplete: "off" },
  { name: "description", label: "Description", type: "textarea", maxLength: 5000 },
  { name: "category", label: "Category", hint: "A new one is added to the taxonomy" },
  { name: "style", label: "Style" },
  { name: "age_group", label: "Age group" },
  { name: "price", label: "Price", inputMode: "decimal", pointer: "/price/amount" },
  { name: "sale_price", label: "Sale price", inputMode: "decimal", pointer: "/sale_price/amount" },
  { name: "currency", label: "Currency", maxLength: 3, pointer: "/price/currency", pattern: "[A-Za-z]{3}", title: "Three letters, such as EUR" },
  { name: "availability", label: "Availability", type: "select", options: AVAILABILITIES },
  { name: "brand", label: "Brand" },
  { name: "gender", label: "Gender" },
  { name: "colours", label: "Colours", hint: LIST_HINT },
  { name: "sizes", label: "Sizes", hint: LIST_HINT },
  { name: "materials", label: "Materials", hint: LIST_HINT },
  { name: "tags", label: "Tags", hint: LIST_HINT },
  { name: "external_id", label: "Your own id", maxLength: 200 },
  { name: "url", label: "Its page in your shop", type: "url", maxLength: 2000 },
];

function fieldsOf(texts) {
  return FIELDS.map((field) => ({ autocomplete: "off", ...field, value: texts[field.name] }));
}

function labelOf(name) {
  return FIELDS.find((field) => field.name === name).label;
}

/** The names of the taxonomy as suggestions: any other may be written. */
function suggest(made, choices) {
  for (const [name, names] of Object.entries(choices)) {
    const list = make("datalist", { id: `names-${name}` }, ...names.map((value) => make("option", { value })));
    made.append(list);
    made.elements[name].setAttribute("list", list.id);
  }
}
