// Numbers to be seen at a glance, each with its word.

import { make } from "../../make.js";
import { link } from "./page.js";

/** `all`: [{ value, name, means, href }]; `value` is text, `means` a quieter line below, `href` makes the name a link. */
export function figures(all) {
  const items = all.map(({ value, name, means = null, href = null }) =>
    make(
      "li",
      { className: "figure" },
      make("span", { className: "figure-value" }, value),
      href ? link(name, href) : make("span", {}, name),
      means === null ? null : make("span", { className: "quiet" }, means),
    ),
  );
  return make("ul", { className: "figures" }, ...items);
}
