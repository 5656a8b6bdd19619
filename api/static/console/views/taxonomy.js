// The words by which the shop sorts its products: categories, styles, age groups.

import { make } from "../../make.js";
import { get, patch, post, remove } from "../api.js";
import { askIn, confirm } from "../parts/dialogs.js";
import { button, link, page, section } from "../parts/page.js";
import { say } from "../parts/say.js";
import { table } from "../parts/table.js";
import { counted, number } from "../parts/words.js";

const LIMIT = 200;
const PAGES_MAX = 10;
const FAMILIES = [
  { path: "/v1/categories", field: "category", a: "a", one: "category", many: "Categories" },
  { path: "/v1/styles", field: "style", a: "a", one: "style", many: "Styles" },
  { path: "/v1/age-groups", field: "age_group", a: "an", one: "age group", many: "Age groups" },
];

export async function show(place) {
  const lists = await Promise.all(FAMILIES.map(({ path }) => allOf(path, place.signal)));
  return page(
    "Taxonomy",
    { lead: "The words by which you sort your products, and by which shoppers narrow what they see." },
    ...FAMILIES.map((family, at) => familyOf(family, lists[at], place)),
  );
}

async function allOf(path, signal) {
  const found = [];
  let cursor = null;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const { data, next_cursor: next } = await get(path, { query: { limit: LIMIT, cursor }, signal });
    found.push(...data);
    cursor = next;
    if (cursor === null) break;
  }
  return found;
}

function familyOf(family, terms, place) {
  const columns = [
    { title: "Name", isHead: true, cell: ({ name }) => name },
    { title: "Description", cell: ({ description }) => description || "–" },
    { title: "Products", className: "number", cell: (term) => countOf(family, term) },
    { title: "Actions", isUnseen: true, className: "cell-actions", cell: (term) => actionsOf(family, term, terms, place) },
  ];
  const add = button(`Add ${family.a} ${family.one}`, () => addOne(family, place), { quiet: true, id: `add-${family.field}` });
  const shown = terms.length
    ? table({ caption: family.many, columns, rows: terms })
    : make("p", { className: "quiet" }, "None yet. A product that names one adds it.");
  return section(family.many, shown, make("div", { className: "actions below" }, add));
}

function countOf({ field }, { name, product_count: count }) {
  return count === 0 ? "0" : link(number(count), `/console/products?${new URLSearchParams({ [field]: name })}`);
}

function actionsOf(family, term, terms, place) {
  const rename = button("Change", () => change(family, term, place), { word: true, id: `change-${term.id}` });
  rename.setAttribute("aria-label", `Change ${term.name}`);
  const drop = button("Delete", () => deleteOne(family, term, terms, place), { word: true, id: `delete-${term.id}` });
  drop.setAttribute("aria-label", `Delete ${term.name}`);
  return make("span", { className: "actions" }, rename, drop);
}

function fieldsOf({ name = "", description = "" }) {
  return [
    { name: "name", label: "Name", value: name, required: true, maxLength: 250, autocomplete: "off" },
    { name: "description", label: "Description", type: "textarea", value: description, maxLength: 5000 },
  ];
}

async function addOne(family, place) {
  const made = await askIn({
    title: `New ${family.one}`,
    fields: fieldsOf({}),
    submit: "Add",
    send: (values, once) => post(family.path, values, { once }),
  });
  if (made) await done(place, `“${made.name}” is added.`);
}

async function change(family, term, place) {
  const changed = await askIn({
    title: `Change ${term.name}`,
    lead: term.product_count ? `${counted(term.product_count, "product")} will follow.` : null,
    fields: fieldsOf(term),
    submit: "Save",
    send: (values) => patch(`${family.path}/${term.id}`, values),
  });
  if (changed) await done(place, `“${changed.name}” is saved.`);
}

async function deleteOne(family, term, terms, place) {
  if (term.product_count > 0) return reassign(family, term, terms, place);
  const sure = await confirm({ title: `Delete ${term.name}?`, text: "No product carries it.", action: "Delete" });
  if (!sure) return undefined;
  try {
    await remove(`${family.path}/${term.id}`);
  } catch (error) {
    // Somebody has given it to a product in the meantime.
    if (error.code === "in_use") return reassign(family, term, terms, place);
    return say(`It is still there. ${error.detail}`);
  }
  return done(place, `“${term.name}” is deleted.`);
}

async function reassign(family, term, terms, place) {
  const others = terms.filter(({ id }) => id !== term.id);
  if (others.length === 0) return say(`Products carry “${term.name}”, and there is no other ${family.one} to give them.`);
  const deleted = await askIn({
    title: `Delete ${term.name}?`,
    lead: `${term.product_count ? counted(term.product_count, "product carries", "products carry") : "Products carry"} it. Say what they get instead.`,
    fields: [
      {
        name: "other", label: `New ${family.one}`, type: "select", required: true,
        options: [{ value: "", text: "choose one" }, ...others.map(({ id, name }) => ({ value: id, text: name }))],
      },
    ],
    submit: "Move them and delete",
    send: async ({ other }) => {
      await remove(`${family.path}/${term.id}`, { query: { reassign_to: other } });
      return others.find(({ id }) => id === other);
    },
  });
  return deleted && done(place, `“${term.name}” is deleted; its products are now “${deleted.name}”.`);
}

async function done(place, text) {
  await place.refresh();
  say(text);
}
