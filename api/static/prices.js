// Prices in words.

import { make } from "./make.js";

/** What it costs, what it did cost, and that it cannot be bought: each only where the shop says so. */
export function pricesOf({ price, sale_price: salePrice, availability }) {
  const [now, before] = salePrice ? [money(salePrice), money(price)] : [money(price), null];
  return [
    now === null ? null : make("span", { className: before === null ? "price" : "price price-sale" }, now),
    before === null ? null : make("del", {}, make("span", { className: "unseen" }, "before "), before),
    availability === "out_of_stock" ? make("span", { className: "sold-out" }, "sold out") : null,
    availability === "preorder" ? make("span", { className: "sold-out" }, "pre-order") : null,
  ].filter((part) => part !== null);
}

export function money(price) {
  if (price?.amount === undefined || price.amount === null) return null;
  try {
    return new Intl.NumberFormat(navigator.language, { style: "currency", currency: price.currency }).format(price.amount);
  } catch {
    return [price.amount, price.currency].filter(Boolean).join(" ");
  }
}
