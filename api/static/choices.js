// What a shopper has chosen among the shop's products, as the API's filter and as words.

import { money } from "./prices.js";

export const TERMS = ["category", "style", "age_group", "availability"];

const AVAILABILITY = { in_stock: "In stock", out_of_stock: "Sold out", preorder: "Pre-order" };

export function nothingChosen() {
  return { category: [], style: [], age_group: [], availability: [], priceMin: null, priceMax: null };
}

/** What people write as a price, as the API takes it: "49,9" is "49.9"; anything else is null. */
export function amountOf(text) {
  const amount = (text ?? "").trim().replace(",", ".");
  return /^\d{1,9}(\.\d{1,2})?$/.test(amount) ? amount : null;
}

/** The `filter` of POST /v1/recommendations, or null where everything fits. */
export function filterOf(chosen) {
  const clauses = TERMS.filter((term) => chosen[term].length > 0).map((term) => ({ [term]: { in: chosen[term] } }));
  const { priceMin, priceMax } = chosen;
  const bounds = { ...(priceMin !== null && { gte: priceMin }), ...(priceMax !== null && { lte: priceMax }) };
  if (Object.keys(bounds).length > 0) clauses.push({ price: bounds });
  return clauses.length === 0 ? null : { and: clauses };
}

/** Each single choice: its words, and what stays chosen without it. */
export function chips(chosen, currency) {
  const terms = TERMS.flatMap((term) =>
    chosen[term].map((value) => ({
      words: nameOfChoice(term, value),
      without: { ...chosen, [term]: chosen[term].filter((other) => other !== value) },
    })),
  );
  const price = pricesChosen(chosen, currency);
  return price === null ? terms : [...terms, { words: price, without: { ...chosen, priceMin: null, priceMax: null } }];
}

export function nameOfChoice(term, value) {
  return term === "availability" ? (AVAILABILITY[value] ?? value) : value;
}

function pricesChosen({ priceMin, priceMax }, currency) {
  const [from, to] = [priceMin, priceMax].map((amount) => amount && money({ amount, currency }));
  if (from && to) return `${from} to ${to}`;
  if (from) return `from ${from}`;
  return to ? `up to ${to}` : null;
}
