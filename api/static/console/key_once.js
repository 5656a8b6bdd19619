// A new key, shown this once: it is in this dialog and nowhere else in the browser, and goes with it.

import { make } from "../make.js";
import { open } from "./parts/dialogs.js";
import { field } from "./parts/forms.js";
import { button, link } from "./parts/page.js";

/**
 * Resolves when the dialog is closed. `made` is an answer with `key`, which is null when an earlier try, whose answer
 * was lost, had created it. `isOfThisStorefront`: a publishable key that the pages of this server may use.
 */
export function showKey({ title, keep, made, isOfThisStorefront = false }) {
  return made.key === null ? showLost() : showOnce({ title, keep, key: made.key, isOfThisStorefront });
}

function showOnce({ title, keep, key, isOfThisStorefront }) {
  return new Promise((closed) => {
    const shown = field({ name: "shown", label: "Key", value: key, readOnly: true, autocomplete: "off", spellcheck: false });
    shown.input.classList.add("input-code");
    const told = make("span", { className: "quiet" });
    told.setAttribute("role", "status");
    let isCopied = false;
    const copying = button("Copy", async () => {
      isCopied = await copy(shown.input);
      told.textContent = isCopied ? "Copied." : "The browser does not let this page copy. Copy the marked text yourself.";
    });
    const dialog = open(
      title,
      make("p", { className: "reason" }, "Copy it now: this is the only time that it is shown."),
      make("p", {}, keep),
      shown.element,
      make("div", { className: "actions" }, copying, button("Done", () => dialog.close(), { quiet: true }), told),
      isOfThisStorefront ? make("p", { className: "below" }, storefront(key)) : null,
    );
    // Also when the session ends meanwhile, as it does with the key that one rotates at once.
    dialog.dataset.stays = "yes";
    dialog.addEventListener("cancel", (event) => {
      if (isCopied) return;
      event.preventDefault();
      told.textContent = "It has not been copied. “Done” closes this all the same.";
    });
    dialog.addEventListener("close", () => closed());
    shown.input.select();
  });
}

function showLost() {
  return new Promise((closed) => {
    const dialog = open(
      "The key is lost",
      make("p", {}, "It was created by your first try, whose answer did not arrive, and a key is never shown twice. Rotate it to get one that you can copy."),
      make("div", { className: "actions" }, button("Done", () => dialog.close())),
    );
    dialog.addEventListener("close", () => closed());
  });
}

function storefront(key) {
  const made = link("Open the storefront with it", `/?${new URLSearchParams({ key })}`);
  return Object.assign(made, { target: "_blank", rel: "noopener" });
}

/** Browsers offer the clipboard on https and localhost only; elsewhere there is the old way. */
async function copy(input) {
  input.select();
  try {
    await navigator.clipboard.writeText(input.value);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
