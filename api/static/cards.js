// Product cards and their parts.

import { icon, make } from "./make.js";

export function card(product, href) {
  const link = make(
    "a",
    { className: "card", href },
    make("div", { className: "frame" }, photoOf(product, { small: true, lazy: product.rank > 6 })),
    make("span", { className: "name" }, nameOf(product)),
    make(
      "span",
      { className: "facts" },
      make("span", { className: "price" }, ...pricesOf(product)),
      scoreOf(product) === null ? null : make("span", { className: "score" }, `score ${scoreOf(product)}`),
    ),
  );
  // The page that follows this link need not ask for what is already here.
  link.product = product;
  return make("li", {}, link);
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
export function photoOf(product, { small = false, lazy = false } = {}) {
  if (!product.photo?.url) return hanger();
  const photo = make("img", {
    alt: `Photo of ${nameOf(product)}`,
    decoding: "async",
    loading: lazy ? "lazy" : "eager",
    src: (small && product.photo.thumbnail_url) || product.photo.url,
  });
  photo.addEventListener("error", () => photo.replaceWith(hanger()), { once: true });
  return photo;
}

export function nameOf(product) {
  return product.name || product.external_id || "Unnamed product";
}

/** What it costs, what it did cost, and that it cannot be bought: each only where the shop says so. */
export function pricesOf({ price, sale_price: salePrice, availability }) {
  const [now, before] = salePrice ? [money(salePrice), money(price)] : [money(price), null];
  return [
    now,
    before === null ? null : make("del", {}, make("span", { className: "unseen" }, "before "), before),
    availability === "out_of_stock" ? make("span", { className: "sold-out" }, "sold out") : null,
  ].filter((part) => part !== null);
}

function money(price) {
  if (price?.amount === undefined || price.amount === null) return null;
  try {
    return new Intl.NumberFormat(navigator.language, { style: "currency", currency: price.currency }).format(price.amount);
  } catch {
    return [price.amount, price.currency].filter(Boolean).join(" ");
  }
}

function scoreOf({ score }) {
  return Number.isFinite(score) ? score.toFixed(2) : null;
}

function hanger() {
  return icon("hanger", { label: "No photo", className: "no-photo" });
}
