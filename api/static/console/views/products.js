// The shop's products, newest first: what each is, whether shoppers find it, and if not, why.

import { make } from "../../make.js";
import { get } from "../api.js";
import { link, notice, page } from "../parts/page.js";
import { pager } from "../parts/pager.js";
import { thumbnail } from "../parts/photo.js";
import { repeat } from "../parts/repeat.js";
import { table } from "../parts/table.js";
import { ago, counted, number } from "../parts/words.js";
import { isSettled, STATUSES, told } from "../statuses.js";

const LIMIT = 50;
const AGAIN_S = 2;
const TERMS = ["category", "style", "age_group"];

const COLUMNS = [
  { title: "Photo", isUnseen: true, cell: (product) => thumbnail(product.photos[0]), className: "cell-photo" },
  { title: "Name", isHead: true, cell: (product) => link(product.name || "Without a name", addressOf(product)) },
  { title: "Status", cell: told },
  { title: "Category", cell: (product) => product.category ?? "–" },
  { title: "Price", className: "number", cell: priceOf },
  { title: "Changed", cell: (product) => ago(product.updated_at) },
];

export async function show(place) {
  const { query, signal } = place;
  const asked = { ...Object.fromEntries(query), limit: LIMIT };
  const [list, index] = await Promise.all([get("/v1/products", { query: asked, signal }), get("/v1/index", { signal })]);
  const upload = link("Upload photos", "/console/upload", { className: "button" });
  const content = list.data.length ? [rowsOf(list.data, asked, signal), pager(list, query)] : [nothing(query, index)];
  return page(
    "Products",
    { actions: [upload], lead: counted(index.products, "product") },
    filters(place, index),
    ...content.filter((part) => part !== null),
  );
}

/** Rows whose photos are still at work follow them; the others stay untouched. */
function rowsOf(products, asked, signal) {
  let shown = products;
  const made = tableOf(products);
  repeat(AGAIN_S, signal, async () => {
    if (shown.every(isSettled)) return;
    const { data } = await get("/v1/products", { query: asked, signal });
    const before = new Map(shown.map((product) => [product.id, product]));
    for (const product of data) {
      if (before.get(product.id)?.status !== product.status) replaceRow(made, product);
    }
    // With a filter on the status, what has settled is no longer in the answer: it stays as it was seen.
    shown = data;
  });
  return made;
}

function tableOf(products) {
  return table({ caption: "Products", columns: COLUMNS, rows: products, rowId: (product) => product.id });
}

function replaceRow(made, product) {
  const old = [...made.tBodies[0].rows].find((row) => row.dataset.id === product.id);
  if (old && !old.contains(document.activeElement)) old.replaceWith(tableOf([product]).tBodies[0].rows[0]);
}

function filters(place, index) {
  const { query } = place;
  const chips = [chip("all", null, index.products, query)];
  for (const [status, { name }] of Object.entries(STATUSES)) chips.push(chip(name, status, index.statuses[status], query));
  const statuses = make("nav", { className: "chips" }, ...chips);
  statuses.setAttribute("aria-label", "By status");
  return make("div", { className: "filters" }, statuses, search(place), ...narrowed(query));
}

function chip(name, status, count, query) {
  const made = link(`${name} ${number(count)}`, withQuery(query, { status }), { className: "chip" });
  if ((query.get("status") ?? null) === status) made.setAttribute("aria-current", "true");
  return made;
}

function search(place) {
  const input = make("input", {
    id: "products-q", name: "q", type: "search", className: "input", maxLength: 250, autocomplete: "off",
    placeholder: "name, description, brand or your id", value: place.query.get("q") ?? "",
  });
  input.setAttribute("aria-label", "Search products");
  const made = make("form", { className: "search" }, input, make("button", { className: "button-quiet" }, "Search"));
  made.setAttribute("role", "search");
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    place.go(withQuery(place.query, { q: input.value.trim() }), { quiet: true });
  });
  // The cross in the field empties it, and with it the search.
  input.addEventListener("search", () => {
    if (input.value === "" && place.query.get("q")) place.go(withQuery(place.query, { q: null }), { quiet: true });
  });
  return made;
}

/** Narrowed to a word of the taxonomy, from its page. */
function narrowed(query) {
  return TERMS.filter((term) => query.get(term)).map((term) => {
    const made = link(`${query.get(term)} ×`, withQuery(query, { [term]: null }), { className: "chip" });
    made.setAttribute("aria-label", `All, not only ${query.get(term)}`);
    return made;
  });
}

function nothing(query, index) {
  if (index.products > 0 || query.size > 0) {
    return notice("No product is like that", make("p", {}, "Search for other words, or look at all."), link("All products", "/console/products", { className: "button-quiet" }));
  }
  return notice(
    "No products yet",
    make("p", {}, "Drop photos of what you sell; each becomes a product, and a moment later shoppers find it."),
    link("Upload photos", "/console/upload", { className: "button" }),
  );
}

function withQuery(query, changes) {
  const other = new URLSearchParams(query);
  other.delete("cursor");
  for (const [name, value] of Object.entries(changes)) {
    if (value) other.set(name, value);
    else other.delete(name);
  }
  return other.size ? `/console/products?${other}` : "/console/products";
}

export function addressOf(product) {
  return `/console/products/${encodeURIComponent(product.id)}`;
}

function priceOf({ price, sale_price: sale }) {
  return [sale, price].filter(Boolean).map(({ amount, currency }) => `${amount} ${currency}`)[0] ?? "–";
}
