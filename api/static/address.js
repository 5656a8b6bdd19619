// What the page shows, as its address says it. A shopper's own photo has no address: the history entry names it.

import { amountOf, nothingChosen, TERMS } from "./choices.js";
import { kept } from "./photos.js";

/** `{ prompt, chosen, photo, productId }` of the history entry that is shown. */
export function currentView() {
  const words = new URLSearchParams(location.search);
  const chosen = nothingChosen();
  for (const term of TERMS) chosen[term] = [...new Set(words.getAll(term).filter((value) => value !== ""))];
  chosen.priceMin = amountOf(words.get("price_min"));
  chosen.priceMax = amountOf(words.get("price_max"));
  return {
    prompt: (words.get("q") ?? "").trim(),
    chosen,
    photo: kept(history.state?.photo),
    productId: words.get("product"),
  };
}

export function addressOf({ prompt = "", chosen = nothingChosen(), productId = null }) {
  const words = new URLSearchParams();
  if (prompt !== "") words.set("q", prompt);
  for (const term of TERMS) for (const value of chosen[term]) words.append(term, value);
  if (chosen.priceMin !== null) words.set("price_min", chosen.priceMin);
  if (chosen.priceMax !== null) words.set("price_max", chosen.priceMax);
  if (productId !== null) words.set("product", productId);
  return words.size === 0 ? "/" : `/?${words}`;
}

/** Whether there is anything to recommend by; filters alone are not enough. */
export function isAsked({ prompt, photo }) {
  return prompt !== "" || photo !== null;
}
