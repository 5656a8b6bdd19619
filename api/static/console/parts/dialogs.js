// Dialogs: one that asks before something is lost, one with a form, one with anything.

import { make } from "../../make.js";
import { form } from "./forms.js";

/** Answers whether `action` was chosen. */
export function confirm({ title, text, action }) {
  return new Promise((answer) => {
    const yes = make("button", { className: "button", value: "yes" }, action);
    const no = make("button", { className: "button-quiet", value: "no", autofocus: true }, "Cancel");
    const choice = make("form", { method: "dialog" }, make("p", {}, text), make("div", { className: "actions" }, yes, no));
    const dialog = open(title, choice);
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"));
  });
}

/** A form in a dialog; answers what `send(values, once)` answered, or null when it was left. Problems are shown in the form. */
export function askIn({ title, lead = null, fields, submit, send }) {
  return new Promise((answer) => {
    let answered = null;
    let sent = Promise.resolve();
    const asked = form({
      fields,
      submit,
      cancel: () => dialog.close(),
      send: async (values, once) => {
        sent = send(values, once).then((found) => (answered = found));
        await sent;
        dialog.close();
      },
    });
    const dialog = open(title, ...(lead === null ? [] : [make("p", {}, lead)]), asked);
    // Left while it is being sent, it is done all the same: a key that was made must be shown.
    dialog.addEventListener("close", () => sent.catch(() => {}).then(() => answer(answered)));
  });
}

/** Anything in a dialog, which leaves the page when it is closed. */
export function open(title, ...content) {
  const head = make("h2", {}, title);
  head.id = `dialog-title-${(titles += 1)}`;
  const dialog = make("dialog", { className: "dialog" }, head, ...content);
  dialog.setAttribute("aria-labelledby", head.id);
  // The one who opened it has the focus again: the browser sees to it as long as that one is still there.
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

let titles = 0;
