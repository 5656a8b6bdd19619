// One product: its photos and how they do, and all that the shop says of it.

import { make } from "../../make.js";
import { call, get, remove } from "../api.js";
import { confirm } from "../parts/dialogs.js";
import { button, page, section } from "../parts/page.js";
import { say } from "../parts/say.js";
import { when } from "../parts/words.js";
import { detailsForm } from "../product_form.js";
import { photosOf } from "../product_photos.js";

const TERMS_MAX = 200;
const TERMS = { category: "/v1/categories", style: "/v1/styles", age_group: "/v1/age-groups" };

export async function show(place) {
  const address = `/v1/products/${encodeURIComponent(place.params.id)}`;
  const [read, ...terms] = await Promise.all([
    call("GET", address, { signal: place.signal }),
    ...Object.values(TERMS).map((path) => get(path, { query: { limit: TERMS_MAX }, signal: place.signal })),
  ]);
  const choices = Object.fromEntries(Object.keys(TERMS).map((term, at) => [term, terms[at].data.map(({ name }) => name)]));
  // `etag` follows what this page itself changes: only what others change is a conflict.
  const shown = { address, product: read.body, etag: read.etag };
  return page(
    shown.product.name || "Without a name",
    {
      back: { name: "Products", href: "/console/products" },
      actions: [button("Delete product", () => deleteIt(shown, place), { quiet: true })],
    },
    section("Photos", photosOf(shown, place)),
    section("What you say of it", detailsForm(shown, choices, place)),
    readTags(shown.product),
    dates(shown.product),
  );
}

async function deleteIt({ address, product }, place) {
  const sure = await confirm({
    title: `Delete ${product.name}?`,
    text: "Shoppers are not shown it from then on, and its photos are deleted. This cannot be undone.",
    action: "Delete",
  });
  if (!sure) return;
  try {
    await remove(address);
  } catch (error) {
    if (error.status !== 404) return void say(`It is still there. ${error.detail}`);
  }
  await place.go("/console/products");
  say(`“${product.name}” is deleted.`);
}

function readTags({ auto_tags: tags }) {
  const named = Object.entries(tags).filter(([, found]) => found.length);
  if (named.length === 0) return null;
  const items = named.flatMap(([kind, found]) => [
    make("dt", {}, kind.replace("_", " ")),
    make("dd", {}, found.map(({ value, confidence }) => `${value} (${Math.round(confidence * 100)} %)`).join(", ")),
  ]);
  return section("What the photos say", make("dl", { className: "facts" }, ...items));
}

function dates({ id, created_at: created, updated_at: updated }) {
  return make("p", { className: "quiet" }, make("code", {}, id), " · created ", when(created), " · changed ", when(updated));
}
