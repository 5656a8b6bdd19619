// The console's frame: who is signed in, the menu, and the view that the address names. Reload and shared links work,
// because nothing but the address says what is shown.

import { make } from "../make.js";
import { onSessionOver, signOut, whoAmI } from "./api.js";
import { noPage, problem, waiting } from "./parts/page.js";
import { hush, say } from "./parts/say.js";
import { find, homeOf, menuOf } from "./registry.js";
import { keyForm } from "./signin.js";

// That somebody was signed in in this tab, so that a reload can say that it is over. No secret.
const SIGNED_IN = "fitmatch.console.signed_in";
const OVER = "Your session has ended: after eight hours, or with the key that began it. Sign in again to go on.";

const byId = (id) => document.getElementById(id);
let session = null;
let ending = new AbortController();
let leaving = new AbortController();

async function start() {
  onSessionOver(() => wantKey(OVER));
  addEventListener("popstate", () => show());
  document.addEventListener("click", follow);
  byId("sign-out").addEventListener("click", leave);
  await enter();
}

/** With the session that the browser still has, or with a new one. */
async function enter() {
  byId("main").replaceChildren(waiting());
  try {
    begin(await whoAmI());
  } catch (error) {
    if (error.status === 401) return wantKey(sessionStorage.getItem(SIGNED_IN) ? OVER : null);
    if (error.status === 403) return wantKey(error.detail);
    byId("main").replaceChildren(problem(error, enter));
  }
}

function begin(found) {
  ending = new AbortController();
  session = { ...found, ended: ending.signal };
  sessionStorage.setItem(SIGNED_IN, "yes");
  byId("who").hidden = false;
  byId("who-name").textContent = session.kind === "shop" ? session.shop.name : "Operator";
  show();
}

async function leave() {
  try {
    await signOut();
  } catch (error) {
    return say(`You are still signed in. ${error.detail}`);
  }
  wantKey(null);
  history.replaceState(null, "", "/console");
  say("You are signed out.");
}

/** The address stays as it is: after signing in one is where one was. */
function wantKey(reason) {
  leaving.abort();
  ending.abort();
  session = null;
  if (reason === null) sessionStorage.removeItem(SIGNED_IN);
  for (const dialog of document.querySelectorAll("dialog[open]:not([data-stays])")) dialog.close();
  byId("who").hidden = byId("views").hidden = true;
  document.title = "Sign in · FitMatch console";
  byId("main").replaceChildren(keyForm(reason, begin));
  byId("key").focus();
}

/** Brings the page in line with the address. `quiet`: what is shown stays until the new is there. */
async function show({ quiet = false } = {}) {
  if (session === null) return;
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const found = findHere();
  mark(found?.view);
  if (!quiet) byId("main").replaceChildren(waiting());
  const shown = await viewOf(found, signal);
  if (signal.aborted) return;
  const focused = quiet ? document.activeElement?.id : null;
  byId("main").replaceChildren(shown);
  document.title = `${shown.querySelector("h1, h2").textContent} · FitMatch console`;
  (byId(focused) ?? shown.querySelector("h1, h2")).focus({ preventScroll: quiet });
}

async function viewOf(found, signal) {
  if (!found) return noPage(homeOf(session.kind));
  const query = new URLSearchParams(location.search);
  try {
    const { show: render } = await found.view.load();
    return await render({ params: found.params, query, session, signal, go, refresh: () => show({ quiet: true }) });
  } catch (error) {
    return problem(error, () => show());
  }
}

function findHere() {
  const found = find(location.pathname, session.kind);
  if (found || location.pathname.replace(/\/$/, "") !== "/console") return found;
  history.replaceState(null, "", homeOf(session.kind));
  return find(location.pathname, session.kind);
}

/** The menu, with the word of this view marked. */
function mark(current) {
  const links = menuOf(session.kind).map((view) => {
    const link = make("a", { href: view.path }, view.name);
    if (view.path === (current?.within ?? current?.path)) link.setAttribute("aria-current", "page");
    return link;
  });
  const menu = byId("views");
  menu.replaceChildren(...links);
  menu.hidden = false;
  // On a phone the menu is a line that scrolls: the marked word in its middle.
  const marked = links.find((link) => link.hasAttribute("aria-current"));
  if (marked) menu.scrollLeft = marked.offsetLeft - menu.offsetLeft - (menu.clientWidth - marked.offsetWidth) / 2;
}

/** Links inside the console change the address without loading it anew; a new tab stays a new tab. */
function follow(event) {
  const link = event.target.closest?.("a[href]");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || link.target || link.hash || link.download || link.origin !== location.origin) return;
  if (!/^\/console(\/|$)/.test(link.pathname)) return;
  event.preventDefault();
  go(link.href);
}

function go(address, { quiet = false } = {}) {
  hush();
  history.pushState(null, "", address);
  if (!quiet) scrollTo(0, 0);
  return show({ quiet });
}

start();
