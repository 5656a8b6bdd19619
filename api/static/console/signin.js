// The form that exchanges a secret key, or the operator's token, for a session.

import { make } from "../make.js";
import { signIn } from "./api.js";
import { form } from "./parts/forms.js";

/** `reason` says why it is asked for again; `begin(session)` takes over. */
export function keyForm(reason, begin) {
  const asked = form({
    fields: [
      {
        name: "key", id: "key", label: "Secret key or operator token", type: "password", required: true,
        autocomplete: "current-password", hint: "A shop's key begins with fm_sk_. It is not kept in this browser.",
      },
    ],
    submit: "Sign in",
    send: async ({ key }) => begin(await signIn(key.trim())),
  });
  asked.classList.add("sign-in-form");
  const told = make("p", { className: "reason" }, reason ?? "");
  told.setAttribute("role", "alert");
  told.hidden = reason === null;
  return make(
    "section",
    { className: "sign-in" },
    make("h1", { tabIndex: -1 }, "Sign in"),
    told,
    asked,
    make(
      "p",
      { className: "quiet" },
      "A shop signs in with one of its secret keys, and whoever runs this deployment with the operator's token.",
    ),
  );
}
