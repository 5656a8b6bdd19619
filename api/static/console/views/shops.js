// The shops of this deployment, for its operator.

import { make } from "../../make.js";
import { Problem } from "../../problem.js";
import { get, patch, post, remove } from "../api.js";
import { showKey } from "../key_once.js";
import { askIn, confirm } from "../parts/dialogs.js";
import { button, link, notice, page } from "../parts/page.js";
import { pager } from "../parts/pager.js";
import { say } from "../parts/say.js";
import { table } from "../parts/table.js";
import { ago, status } from "../parts/words.js";

const LIMIT = 50;
const STATUSES = { active: "good", suspended: "bad" };
const KEEP = "Give it to the shop: it signs in to this console with it, makes its other keys, and keeps it as a secret.";

export async function show(place) {
  const { query, signal } = place;
  const asked = { q: query.get("q"), cursor: query.get("cursor"), limit: LIMIT };
  const list = await get("/v1/shops", { query: asked, signal });
  const adding = button("New shop", () => create(place), { id: "new-shop" });
  const rows = table({ caption: "Shops", columns: columnsFor(place), rows: list.data, rowId: (shop) => shop.id });
  const content = list.data.length ? [rows, pager(list, query)] : [nothing(query)];
  return page("Shops", { actions: [adding] }, make("div", { className: "filters" }, search(place)), ...content.filter(Boolean));
}

function columnsFor(place) {
  return [
    { title: "Name", isHead: true, cell: ({ name }) => name },
    { title: "Status", cell: ({ status: word }) => status(word, STATUSES[word]) },
    { title: "Created", cell: (shop) => ago(shop.created_at) },
    { title: "Id", cell: ({ id }) => make("code", { className: "quiet" }, id) },
    { title: "Actions", isUnseen: true, className: "cell-actions", cell: (shop) => actionsOf(shop, place) },
  ];
}

function actionsOf(shop, place) {
  const pausing = shop.status === "active" ? { Suspend: suspend } : { Resume: resume };
  const buttons = Object.entries({ Rename: rename, ...pausing, Delete: drop }).map(([word, act]) => {
    const made = button(word, () => act(shop, place), { word: true, id: `${word.toLowerCase()}-${shop.id}` });
    made.setAttribute("aria-label", `${word} ${shop.name}`);
    return made;
  });
  return make("span", { className: "actions" }, ...buttons);
}

function search({ query, go }) {
  const input = make("input", {
    id: "shops-q", name: "q", type: "search", className: "input", maxLength: 250, autocomplete: "off",
    placeholder: "part of the name", value: query.get("q") ?? "",
  });
  input.setAttribute("aria-label", "Search shops");
  const made = make("form", { className: "search" }, input, make("button", { className: "button-quiet" }, "Search"));
  made.setAttribute("role", "search");
  const ask = () => go(input.value.trim() ? `/console/shops?${new URLSearchParams({ q: input.value.trim() })}` : "/console/shops", { quiet: true });
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  // The cross in the field empties it, and with it the search.
  input.addEventListener("search", () => input.value === "" && query.get("q") && ask());
  return made;
}

function nothing(query) {
  if (query.size > 0) {
    return notice("No shop is called that", link("All shops", "/console/shops", { className: "button-quiet" }));
  }
  return notice("No shops yet", make("p", {}, "“New shop” creates one, with the key that its owner signs in with."));
}

async function create(place) {
  const made = await askIn({
    title: "New shop",
    lead: "It begins with the usual categories, styles and age groups, which it may change.",
    fields: [nameField()],
    submit: "Create",
    send: ({ name }, once) => post("/v1/shops", { name: name.trim() }, { once }),
  });
  if (!made) return;
  await showKey({ title: `The first key of ${made.name}`, keep: KEEP, made });
  await done(place, `“${made.name}” is created.`);
}

async function rename(shop, place) {
  const renamed = await askIn({
    title: `Rename ${shop.name}`,
    fields: [nameField(shop.name)],
    submit: "Save",
    send: ({ name }) => patch(`/v1/shops/${shop.id}`, { name: name.trim() }),
  });
  if (renamed) await done(place, `It is called “${renamed.name}” now.`);
}

async function suspend(shop, place) {
  const sure = await confirm({
    title: `Suspend ${shop.name}?`,
    text: "Within 5 seconds its keys and sessions are refused, and its pages show no recommendations. It keeps all it has, and “Resume” lets it in again.",
    action: "Suspend",
  });
  if (sure) await changeTo("suspended", shop, place, `“${shop.name}” is suspended.`);
}

function resume(shop, place) {
  return changeTo("active", shop, place, `“${shop.name}” is active again.`);
}

async function changeTo(word, shop, place, text) {
  try {
    await patch(`/v1/shops/${shop.id}`, { status: word });
  } catch (error) {
    return say(`It stays as it was. ${error.detail}`);
  }
  return done(place, text);
}

async function drop(shop, place) {
  const dropped = await askIn({
    title: `Delete ${shop.name}?`,
    lead: "Its products, photos, prompts and keys go for good; nothing brings them back. “Suspend” would keep them.",
    fields: [{ name: "typed", label: `To delete it, type its name: ${shop.name}`, autocomplete: "off", required: true }],
    submit: "Delete for good",
    send: async ({ typed }) => {
      if (typed.trim() !== shop.name.trim()) throw notItsName();
      await remove(`/v1/shops/${shop.id}`);
      return shop;
    },
  });
  if (dropped) await done(place, `“${shop.name}” is deleted.`);
}

function notItsName() {
  const detail = "That is not its name.";
  return new Problem({ title: "Not deleted", detail, errors: [{ pointer: "/typed", detail }] });
}

function nameField(value = "") {
  return { name: "name", label: "Name", value, required: true, maxLength: 250, autocomplete: "off" };
}

async function done(place, text) {
  await place.refresh();
  say(text);
}
