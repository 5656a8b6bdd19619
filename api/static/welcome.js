// The start page: what this shop has, each kind with a drawing, and what others ask for.

import { addressOf } from "./address.js";
import { nothingChosen } from "./choices.js";
import { icon, make } from "./make.js";

const CATEGORIES_MAX = 6;
const PROMPTS_MAX = 8;
/** The first that a category's name holds; a longer word stands before those that it holds. */
const DRAWINGS = [
  ["t-shirt", "tee"], ["tee", "tee"], ["polo", "tee"], ["shirt", "shirt"], ["blouse", "shirt"], ["top", "tee"],
  ["sleeve", "longsleeve"], ["dress", "dress"], ["skirt", "skirt"], ["shorts", "shorts"], ["shoe", "shoes"],
  ["sneaker", "shoes"], ["boot", "shoes"], ["jean", "jeans"], ["pant", "jeans"], ["trouser", "jeans"],
  ["jacket", "jacket"], ["coat", "jacket"], ["outwear", "jacket"], ["outerwear", "jacket"], ["hat", "hat"], ["cap", "hat"],
];

export function welcome({ categories, popular_prompts: prompts }) {
  const examples = document.getElementById("examples");
  examples.replaceChildren(...categories.slice(0, CATEGORIES_MAX).map(tile));
  const popular = document.getElementById("popular");
  popular.replaceChildren(...prompts.slice(0, PROMPTS_MAX).map(wordLink));
  document.getElementById("popular-row").hidden = prompts.length === 0;
}

function tile({ name, product_count: count }) {
  const href = addressOf({ prompt: name, chosen: { ...nothingChosen(), category: [name] } });
  const drawing = DRAWINGS.find(([word]) => name.toLowerCase().includes(word))?.[1] ?? "hanger";
  const words = make("span", { className: "example-name" }, name);
  const counted = make("span", { className: "quiet" }, `${count} ${count === 1 ? "product" : "products"}`);
  return make("li", {}, make("a", { href }, icon(drawing, { viewBox: "0 0 96 128" }), words, counted));
}

function wordLink(prompt) {
  return make("li", {}, make("a", { href: addressOf({ prompt }) }, prompt));
}
