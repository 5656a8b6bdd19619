// Product cards and their parts.

import { icon, make } from "./make.js";
import { pricesOf } from "./prices.js";

// The API gives addresses, not widths: photos of clothes are mostly three wide and four high.
const THUMBNAIL_WIDTH = 240;
const MEDIUM_WIDTH = 720;
const FRAME = { width: 3, height: 4 };

export const SIZES = {
  grid: "(max-width: 44rem) 45vw, 15rem",
  small: "(max-width: 44rem) 34vw, 9rem",
  product: "(max-width: 44rem) 100vw, 26rem",
};

/** `place` counts from 0; what is in the first row (`columns`) is wanted first, what follows when it comes into view. */
export function card(product, href, { place, columns, sizes = SIZES.grid }) {
  const first = place < columns;
  const link = make(
    "a",
    { className: "card", href },
    make("div", { className: "frame" }, photoOf(product, { sizes, first, lazy: !first })),
    make("span", { className: "name" }, nameOf(product)),
    make("span", { className: "facts" }, ...pricesOf(product)),
  );
  // The page that follows this link need not ask for what is already here.
  link.product = product;
  return make("li", {}, link);
}

export function cards(products, hrefOf, grid, sizes) {
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  return products.map((product, place) => card(product, hrefOf(product), { place, columns, sizes }));
}

export function skeletons(count) {
  return Array.from({ length: count }, () => {
    const bones = ["frame", "bone", "bone bone-short"].map((className) => make("div", { className }));
    const item = make("li", { className: "skeleton" }, ...bones);
    item.setAttribute("aria-hidden", "true");
    return item;
  });
}

/** The photo, or a hanger where there is none or its signed address no longer works. */
export function photoOf(product, { sizes, first = false, lazy = false }) {
  const { url, thumbnail_url: thumbnail } = product.photo ?? {};
  if (!url) return hanger();
  const photo = make("img", {
    alt: `Photo of ${nameOf(product)}`,
    decoding: "async",
    loading: lazy ? "lazy" : "eager",
    fetchPriority: first ? "high" : "auto",
    width: FRAME.width * 80,
    height: FRAME.height * 80,
    sizes,
    srcset: thumbnail ? `${thumbnail} ${THUMBNAIL_WIDTH}w, ${url} ${MEDIUM_WIDTH}w` : "",
    // Last: setting it starts the loading.
    src: url,
  });
  photo.addEventListener("error", () => photo.replaceWith(hanger()), { once: true });
  return photo;
}

export function nameOf(product) {
  return product.name || product.external_id || "Unnamed product";
}

function hanger() {
  return icon("hanger", { label: "No photo", className: "no-photo" });
}
