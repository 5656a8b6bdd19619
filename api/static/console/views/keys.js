// The shop's keys: which there are, what each may do and whether it is used; new ones, and the end of old ones.

import { make } from "../../make.js";
import { get } from "../api.js";
import { change, create, drop, revoke, rotate } from "../key_dialogs.js";
import { button, page } from "../parts/page.js";
import { pager } from "../parts/pager.js";
import { table } from "../parts/table.js";
import { ago, status } from "../parts/words.js";

const LIMIT = 50;
const STATUSES = { active: "good", expired: "off", revoked: "off" };
const LEAD = "Publishable keys are for pages: they may only ask for recommendations. Secret keys may do everything: keep them on your servers.";

export async function show(place) {
  const { query, session, signal } = place;
  const list = await get("/v1/keys", { query: { limit: LIMIT, cursor: query.get("cursor") }, signal });
  const publishable = button("New publishable key", () => create("publishable", place), { id: "new-publishable" });
  const secret = button("New secret key", () => create("secret", place), { quiet: true, id: "new-secret" });
  return page(
    "Keys",
    { actions: [publishable, secret], lead: LEAD },
    table({ caption: "Keys", columns: columnsFor(session, place), rows: list.data, rowId: (key) => key.id }),
    pager(list, query),
  );
}

function columnsFor({ key_id: own }, place) {
  return [
    { title: "Name", isHead: true, cell: (key) => named(key, key.id === own) },
    { title: "Key", cell: textOf },
    { title: "Pages", cell: pagesOf },
    { title: "Status", cell: standing },
    { title: "Last used", cell: usedSince },
    { title: "Actions", isUnseen: true, className: "cell-actions", cell: (key) => actionsOf(key, place) },
  ];
}

function named({ name }, isOwn) {
  return lines(name, isOwn ? make("span", { className: "quiet" }, "you signed in with it") : null);
}

function textOf({ prefix, last4, kind }) {
  return lines(make("code", {}, `${prefix}…${last4}`), make("span", { className: "quiet" }, kind));
}

function pagesOf({ kind, allowed_origins: origins }) {
  if (kind === "secret") return "–";
  if (origins.length === 0) return lines("none", make("span", { className: "quiet" }, "add one with “Edit”"));
  return lines(...origins.map((origin) => make("span", {}, origin)));
}

/** Whether it works, and until or since when. */
function standing({ status: word, expires_at: expires, revoked_at: revoked }) {
  const moment = word === "revoked" ? revoked : expires;
  const lead = word === "active" ? "ends " : "";
  return lines(status(word, STATUSES[word]), moment ? make("span", { className: "quiet" }, lead, ago(moment)) : null);
}

function usedSince({ last_used_at: used, created_at: created }) {
  return lines(used ? ago(used) : "never", make("span", { className: "quiet" }, "created ", ago(created)));
}

function lines(...parts) {
  return make("span", { className: "lines" }, ...parts);
}

function actionsOf(key, place) {
  const acts = key.status === "active" ? { Edit: change, Rotate: rotate, Revoke: revoke, Delete: drop } : { Delete: drop };
  const buttons = Object.entries(acts).map(([word, act]) => {
    const made = button(word, () => act(key, place), { word: true, id: `${word.toLowerCase()}-${key.id}` });
    made.setAttribute("aria-label", `${word} ${key.name} …${key.last4}`);
    return made;
  });
  return make("span", { className: "actions" }, ...buttons);
}
