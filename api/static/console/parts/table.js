// A table on a desk, a card for each row on a phone (console.css). The roles keep it a table for screen readers there.

import { make } from "../../make.js";

/**
 * `columns`: [{ title, cell(row), isHead, isUnseen, className }]; `cell` answers a string or an element. `isHead` marks the
 * cell that names the row; with `isUnseen` only screen readers have the column's title, as they alone have the `caption`.
 * `rowId(row)` becomes the row's `data-id`.
 */
export function table({ caption, columns, rows, rowId = null }) {
  const heads = columns.map((column) => role("columnheader", make("th", { scope: "col" }, headOf(column))));
  const body = role("rowgroup", make("tbody", {}, ...rows.map((row) => rowOf(row, columns, rowId))));
  return role(
    "table",
    make(
      "table",
      { className: "table" },
      make("caption", { className: "unseen" }, caption),
      role("rowgroup", make("thead", {}, role("row", make("tr", {}, ...heads)))),
      body,
    ),
  );
}

function headOf({ title, isUnseen = false }) {
  return isUnseen ? make("span", { className: "unseen" }, title) : title;
}

function rowOf(row, columns, rowId) {
  const cells = columns.map(({ title, cell, isHead = false, isUnseen = false, className = "" }) => {
    const made = make(isHead ? "th" : "td", { className }, cell(row));
    if (isHead) made.scope = "row";
    if (!isUnseen) made.dataset.title = title;
    return role(isHead ? "rowheader" : "cell", made);
  });
  const made = role("row", make("tr", {}, ...cells));
  if (rowId) made.dataset.id = rowId(row);
  return made;
}

function role(name, element) {
  element.setAttribute("role", name);
  return element;
}
