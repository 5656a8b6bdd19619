// What the shop says of a product, and all of its photos.

import { nameOf, photoOf, SIZES } from "./cards.js";
import { make } from "./make.js";
import { pricesOf } from "./prices.js";

const byId = (id) => document.getElementById(id);
let shown = null;

/** At first what a card knows; once more, with all photos and facts, when the server has answered. */
export function describe(product) {
  byId("product-content").classList.remove("waiting", "gone");
  byId("product-name").textContent = nameOf(product);
  byId("product-kind").textContent = [product.category, product.style, product.age_group].filter(Boolean).join(" · ");
  byId("product-description").textContent = product.description ?? "";
  byId("product-price").replaceChildren(...pricesOf(product));
  byId("product-facts").replaceChildren(...facts(product));
  const link = byId("product-link");
  link.hidden = !isWebAddress(product.url);
  if (link.hidden) link.removeAttribute("href");
  else link.href = product.url;
  showPhotos(product);
}

export function forgetDescription() {
  shown = null;
  byId("product-content").classList.add("waiting");
  byId("product-content").classList.remove("gone");
  byId("product-link").hidden = true;
  for (const part of ["name", "kind", "description", "price", "facts", "photo", "photos"]) byId(`product-${part}`).replaceChildren();
}

/** The photo that a card brought along stays, so that nothing jumps when the others come. */
function showPhotos(product) {
  const photos = product.photos ?? [];
  const first = photos.find((photo) => photo.id === shown) ?? product.photo ?? photos[0];
  if (first?.id !== shown || shown === null) showPhoto(product, first);
  byId("product-photos").hidden = photos.length < 2;
  byId("product-photos").replaceChildren(...photos.map((photo, place) => choice(product, photo, place)));
  mark();
}

function showPhoto(product, photo) {
  shown = photo?.id ?? null;
  byId("product-photo").replaceChildren(photoOf({ ...product, photo }, { sizes: SIZES.product, first: true }));
}

function choice(product, photo, place) {
  const small = photoOf({ ...product, photo }, { sizes: "4.5rem" });
  small.alt = "";
  const button = make("button", { type: "button" }, small);
  button.dataset.photo = photo.id;
  button.setAttribute("aria-label", `Photo ${place + 1} of ${product.photos.length}`);
  button.addEventListener("click", () => {
    showPhoto(product, photo);
    mark();
  });
  return make("li", {}, button);
}

function mark() {
  for (const button of byId("product-photos").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.photo === shown));
  }
}

function facts({ brand, colours = [], sizes = [], materials = [], availability }) {
  const told = [
    ["Brand", brand],
    [colours.length > 1 ? "Colours" : "Colour", colours.join(", ")],
    ["Sizes", sizes.join(" · ")],
    ["Made of", materials.join(", ")],
    ["Availability", { in_stock: "In stock", preorder: "Can be ordered now, comes later", out_of_stock: "Sold out" }[availability]],
  ];
  return told.filter(([, value]) => value).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
}

/** A shop's `url` may hold anything, `javascript:` too. */
function isWebAddress(url) {
  return URL.canParse(url ?? "") && ["http:", "https:"].includes(new URL(url).protocol);
}
