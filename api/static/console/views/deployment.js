// How the deployment is doing, asked again every few seconds: parts, queue, replicas, collections.

import { make } from "../../make.js";
import { get } from "../api.js";
import { figures } from "../parts/figures.js";
import { link, page, section } from "../parts/page.js";
import { repeat } from "../parts/repeat.js";
import { table } from "../parts/table.js";
import { counted, lasting, number, status } from "../parts/words.js";

const AGAIN_S = 5;
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const LINKS = { ray_dashboard: "Ray dashboard", prometheus: "Prometheus", grafana: "Grafana" };
const PARTS = { postgres: "Postgres", chroma: "Chroma", clip: "CLIP" };
const KINDS = { HEALTHY: "good", UNHEALTHY: "bad", DEPLOY_FAILED: "bad" };

export async function show({ signal }) {
  const found = await get("/v1/deployment", { signal });
  const shown = make("div", {}, ...content(found));
  const asOf = make("p", { className: "quiet below" }, stamp());
  repeat(AGAIN_S, signal, async () => {
    try {
      // Nothing in here takes the focus, so it may be replaced while somebody reads; the links stay where they are.
      shown.replaceChildren(...content(await get("/v1/deployment", { signal })));
      asOf.replaceChildren(stamp());
      asOf.classList.remove("wrong");
    } catch (error) {
      asOf.classList.add("wrong");
      if (!asOf.textContent.includes("No answer")) asOf.append(` No answer since: ${error.detail}`);
    }
  });
  return page("Deployment", { actions: linksOf(found.links) }, asOf, shown);
}

function stamp() {
  return `As of ${CLOCK.format(new Date())}, asked again every ${AGAIN_S} seconds.`;
}

/** Only those that this deployment was told of (FITMATCH_*_URL). */
function linksOf(links) {
  return Object.entries(LINKS)
    .filter(([name]) => links[name])
    .map(([name, text]) => Object.assign(link(text, links[name], { className: "button-quiet" }), { target: "_blank", rel: "noopener noreferrer" }));
}

function content({ parts, shops, products, photos, queue, replicas, collections, checkpoint }) {
  return [
    section("Parts", partsOf(parts)),
    section("Content", figures(contentOf(shops, products, photos))),
    section("Queue", ...queueOf(queue)),
    section("Replicas", replicasOf(replicas)),
    section("Index", indexOf(collections, checkpoint)),
  ];
}

function partsOf(parts) {
  const items = Object.entries(parts).map(([name, word]) =>
    make("li", {}, make("span", { className: "part-name" }, PARTS[name] ?? name), status(word, word === "ok" ? "good" : "bad")),
  );
  return make("ul", { className: "parts" }, ...items);
}

function contentOf(shops, products, photos) {
  return [
    { value: number(shops.active), name: "shops", means: shops.suspended ? `and ${number(shops.suspended)} suspended` : null },
    { value: number(products), name: "products" },
    { value: number(photos.ready), name: "photos ready" },
    { value: number(photos.queued + photos.embedding), name: "photos waiting", means: `${number(photos.embedding)} at work` },
    { value: number(photos.failed), name: "photos failed" },
  ];
}

function queueOf({ jobs, oldest_age_s: oldest, shops }) {
  if (jobs === 0) return [make("p", {}, "Nothing waits.")];
  const columns = [
    { title: "Shop", isHead: true, cell: ({ name }) => name },
    { title: "Photos", className: "number", cell: (shop) => number(shop.jobs) },
    { title: "Oldest", className: "number", cell: (shop) => lasting(shop.oldest_age_s) },
  ];
  const told = `${counted(jobs, "photo")} to add or to remove, the oldest for ${lasting(oldest)}.`;
  return [make("p", {}, told), table({ caption: "What waits, by shop, most first", columns, rows: shops })];
}

function replicasOf(replicas) {
  if (replicas === null) return make("p", { className: "wrong" }, "Ray Serve does not answer.");
  const columns = [
    { title: "Deployment", isHead: true, cell: ({ deployment }) => deployment },
    { title: "Status", cell: ({ status: word, message }) => standing(word, message) },
    { title: "Replicas", className: "number", cell: ({ running, target }) => `${number(running)} of ${number(target)}` },
  ];
  return table({ caption: "Replicas by deployment", columns, rows: replicas });
}

/** In Serve's own words, which is what its documentation and logs are searched by. */
function standing(word, message) {
  const said = message ? make("span", { className: "quiet" }, message) : null;
  return make("span", { className: "lines" }, status(word, KINDS[word] ?? "busy"), said);
}

function indexOf(collections, checkpoint) {
  const columns = [
    { title: "Checkpoint", isHead: true, cell: (one) => make("span", { className: "lines" }, make("code", {}, one.checkpoint), isUsed(one, checkpoint)) },
    { title: "Collections", className: "number", cell: (one) => number(one.collections) },
    { title: "Embeddings", className: "number", cell: (one) => number(one.photos) },
  ];
  if (collections.length === 0) return make("p", {}, "Nothing is embedded yet. Photos will be by ", make("code", {}, checkpoint), ".");
  return table({ caption: "Collections by checkpoint", columns, rows: collections });
}

function isUsed(one, checkpoint) {
  return one.checkpoint === checkpoint ? make("span", { className: "quiet" }, "embeds now") : null;
}
