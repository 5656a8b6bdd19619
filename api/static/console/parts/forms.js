// Forms whose fields say themselves what the server refused about them.

import { make } from "../../make.js";
import { newKey } from "../api.js";

/**
 * `fields`: [{ name, label, type, value, hint, options, pointer, …attributes of the input }]. `type` is one of an input, or
 * "textarea", "select" (with `options`: [{ value, text }]), "checkbox". `pointer` is where the server looks for the field
 * (default `/name`).
 * `send(values, once)` does what the form is for; values are strings, booleans of checkboxes; `once` is an Idempotency-Key
 * that stays while the values do. The Problem that it throws is shown at the fields that its `errors` point at, else above
 * the button. `cancel()` adds a button for it.
 */
export function form({ fields, submit, send, cancel = null }) {
  const parts = fields.map(field);
  const wrong = make("p", { className: "wrong" });
  wrong.setAttribute("role", "alert");
  const button = make("button", { className: "button" }, submit);
  const beside = cancel ? make("button", { type: "button", className: "button-quiet" }, "Cancel") : null;
  beside?.addEventListener("click", cancel);
  const shown = make(
    "form",
    { className: "form" },
    ...parts.map((part) => part.element),
    wrong,
    make("div", { className: "actions" }, button, beside),
  );
  const onceFor = keys();
  shown.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    clear(parts, wrong);
    button.disabled = true;
    try {
      const values = Object.fromEntries(parts.map((part) => [part.name, part.read()]));
      await send(values, onceFor(values));
    } catch (error) {
      tell(error, parts, wrong);
    } finally {
      button.disabled = false;
    }
  });
  return shown;
}

let ids = 0;

/** One labelled field: `{ name, element, input, read(), refuse(text) }`. */
export function field({ name, label, type = "text", value = "", hint = null, options, pointer = `/${name}`, id, ...rest }) {
  const input = inputOf(type, options);
  Object.assign(input, { id: id ?? `field-${name}-${(ids += 1)}`, name, ...rest });
  if (type === "checkbox") input.checked = Boolean(value);
  else if (type !== "select" || options.some((one) => one.value === value)) input.value = value ?? "";
  const wrong = make("span", { className: "wrong", id: `${input.id}-wrong` });
  const hinted = hint === null ? null : make("span", { className: "hint", id: `${input.id}-hint` }, hint);
  input.setAttribute("aria-describedby", [wrong.id, ...(hinted ? [hinted.id] : [])].join(" "));
  const named = make("label", { htmlFor: input.id }, label);
  const className = type === "checkbox" ? "field-line" : "labelled";
  return {
    name,
    input,
    element: make("div", { className }, ...(type === "checkbox" ? [input, named] : [named, input]), hinted, wrong),
    read: () => (type === "checkbox" ? input.checked : input.value),
    isAt: (place) => place === pointer || place.startsWith(`${pointer}/`),
    refuse(text) {
      wrong.textContent = text;
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
}

function inputOf(type, options) {
  if (type === "select") return make("select", { className: "input" }, ...options.map(option));
  if (type === "textarea") return make("textarea", { className: "input" });
  return make("input", { type, className: type === "checkbox" ? "" : "input" });
}

function option({ value, text }) {
  return make("option", { value }, text);
}

/** The same key for the same values: a try whose answer was lost creates nothing twice. */
function keys() {
  let [sent, once] = [null, null];
  return (values) => {
    const now = JSON.stringify(values);
    if (now !== sent) [sent, once] = [now, newKey()];
    return once;
  };
}

function clear(parts, wrong) {
  wrong.textContent = "";
  for (const part of parts) part.refuse("");
}

function tell(error, parts, wrong) {
  if (error.detail === undefined) console.error(error);
  const unplaced = [];
  for (const { pointer, detail } of error.errors ?? []) {
    const part = parts.find((one) => one.isAt(pointer));
    if (part) part.refuse(detail);
    else unplaced.push(detail);
  }
  const wait = error.retryAfterS ? ` Try again in ${error.retryAfterS} s.` : "";
  if (!error.errors?.length) unplaced.push((error.detail ?? "This failed in your browser.") + wait);
  wrong.textContent = unplaced.join(" ");
  const first = parts.find((part) => part.input.hasAttribute("aria-invalid")) ?? parts[0];
  first?.input.focus();
}
