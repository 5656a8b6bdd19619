// What may be done with a key: make one, change it, put another in its place, end it.

import { patch, post, remove } from "./api.js";
import { showKey } from "./key_once.js";
import { askIn, confirm } from "./parts/dialogs.js";
import { say } from "./parts/say.js";

const HOUR_S = 3600;
const GRACES = [
  { value: 0, text: "at once" },
  { value: HOUR_S, text: "in an hour" },
  { value: 24 * HOUR_S, text: "in a day" },
  { value: 7 * 24 * HOUR_S, text: "in a week" },
  { value: 30 * 24 * HOUR_S, text: "in 30 days" },
];
const GRACE_S = 24 * HOUR_S;
const KEEP = {
  secret: "Keep it on your servers, where other secrets are: whoever has it may do everything with this shop. FitMatch itself cannot read it any more.",
  publishable: "It goes into the pages of your shop, where anybody may see it: it only asks for recommendations, and only from those pages.",
};
const OWN = "You signed in with this key: when it ends, your session ends too.";

export async function create(kind, place) {
  const made = await askIn({
    title: `New ${kind} key`,
    fields: [nameField(), ...(kind === "publishable" ? originFields() : []), endField(null)],
    submit: "Create",
    send: (values, once) => post("/v1/keys", { kind, ...wanted(values), ...originsOf(values, kind) }, { once }),
  });
  if (made) await showNew(made, "The new key", place);
}

export async function change(key, place) {
  const ended = endField(key.expires_at);
  const changed = await askIn({
    title: `Edit ${key.name}`,
    fields: [nameField(key.name), ...(key.kind === "publishable" ? originFields(key.allowed_origins) : []), ended],
    submit: "Save",
    // A day that stays as it was leaves the hour as it was.
    send: (values) => patch(`/v1/keys/${key.id}`, { ...wanted(values, ended.value), ...originsOf(values, key.kind) }),
  });
  if (changed) await done(place, `“${changed.name}” is saved. Within 5 seconds it holds everywhere.`);
}

export async function rotate(key, place) {
  const made = await askIn({
    title: `Rotate ${key.name}`,
    lead: ["You get a new key with the same name and pages, which does not end by itself.", ...warning(key, place)].join(" "),
    fields: [
      { name: "grace_s", label: "The old key ends", type: "select", options: GRACES, value: GRACE_S, hint: "Time to put the new one in its place. Both work until then." },
    ],
    submit: "Rotate",
    send: ({ grace_s: grace }, once) => post(`/v1/keys/${key.id}/rotate`, { grace_s: Number(grace) }, { once }),
  });
  if (made) await showNew(made, `The new key for ${made.name}`, place);
}

export async function revoke(key, place) {
  const sure = await confirm({
    title: `Revoke ${key.name}?`,
    text: ["Whatever still uses it is refused within 5 seconds. This cannot be undone.", ...warning(key, place)].join(" "),
    action: "Revoke",
  });
  if (sure) await doing(() => post(`/v1/keys/${key.id}/revoke`), "It still works.", place, `“${key.name}” is revoked.`);
}

export async function drop(key, place) {
  const ends = key.status === "active" ? ["Whatever still uses it is refused within 5 seconds.", ...warning(key, place)] : [];
  const sure = await confirm({
    title: `Delete ${key.name}?`,
    text: ["It leaves this list for good. Products and photos stay.", ...ends].join(" "),
    action: "Delete",
  });
  if (sure) await doing(() => remove(`/v1/keys/${key.id}`), "It is still there.", place, `“${key.name}” is deleted.`);
}

function nameField(value = "") {
  return { name: "name", label: "Name", value, required: true, maxLength: 250, autocomplete: "off", hint: "For you: where it is used." };
}

/** The pages of this server are a box to tick: they are what one tries first. */
function originFields(origins = [location.origin]) {
  return [
    {
      name: "allowed_origins", label: "Pages that may use it", type: "textarea", spellcheck: false,
      value: origins.filter((origin) => origin !== location.origin).join("\n"),
      hint: "One on each line, scheme and host: https://shop.example",
    },
    { name: "here", label: `The storefront on this server, ${location.origin}`, type: "checkbox", value: origins.includes(location.origin) },
  ];
}

function endField(moment) {
  return {
    name: "expires_at", label: "Last day", type: "date", value: moment ? dayOf(new Date(moment)) : "",
    min: dayOf(new Date()), hint: "It ends by itself after that day. Empty: never.",
  };
}

function wanted({ name, expires_at: day }, dayBefore = "") {
  return { name: name.trim(), ...(day === dayBefore ? {} : { expires_at: day ? endOf(day) : null }) };
}

function originsOf({ allowed_origins: text, here }, kind) {
  if (kind === "secret") return {};
  const given = text.split(/[\s,]+/).filter(Boolean);
  return { allowed_origins: here && !given.includes(location.origin) ? [...given, location.origin] : given };
}

/** The calendar's day where the console is looked at, as date fields write it. */
function dayOf(date) {
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return parts.map((part) => String(part).padStart(2, "0")).join("-");
}

function endOf(day) {
  return new Date(`${day}T23:59:59`).toISOString();
}

function warning(key, place) {
  return key.id === place.session.key_id ? [OWN] : [];
}

/** The list is asked for afterwards: with the key that one signed in with, the session may be over by then. */
async function showNew(made, title, place) {
  const isOfThisStorefront = made.kind === "publishable" && made.allowed_origins.includes(location.origin);
  await showKey({ title, keep: KEEP[made.kind], made, isOfThisStorefront });
  await place.refresh();
}

async function doing(work, otherwise, place, text) {
  try {
    await work();
  } catch (error) {
    return say(`${otherwise} ${error.detail}`);
  }
  return done(place, text);
}

async function done(place, text) {
  await place.refresh();
  say(text);
}
