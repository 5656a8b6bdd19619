// From one page of a list to the next. Cursors only lead forward; back is the browser's button, or the first page.

import { make } from "../../make.js";
import { link } from "./page.js";

/** `list` is an answer with `next_cursor`, `query` the view's own; null when all is on this page. */
export function pager(list, query) {
  const first = query.get("cursor") ? link("First page", address(query, null), { className: "button-quiet" }) : null;
  const next = list.next_cursor ? link("Next page", address(query, list.next_cursor), { className: "button-quiet" }) : null;
  if (!first && !next) return null;
  const made = make("nav", { className: "actions pager" }, first, next);
  made.setAttribute("aria-label", "Pages");
  return made;
}

function address(query, cursor) {
  const other = new URLSearchParams(query);
  if (cursor === null) other.delete("cursor");
  else other.set("cursor", cursor);
  return other.size ? `${location.pathname}?${other}` : location.pathname;
}
