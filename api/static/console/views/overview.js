// How the shop's catalogue is doing today.

import { make } from "../../make.js";
import { get } from "../api.js";
import { figures } from "../parts/figures.js";
import { link, notice, page, section } from "../parts/page.js";
import { repeat } from "../parts/repeat.js";
import { lasting, number } from "../parts/words.js";
import { STATUSES } from "../statuses.js";

const AGAIN_S = 5;

export async function show(place) {
  const index = await get("/v1/index", { signal: place.signal });
  const shown = make("div", {}, ...content(index));
  repeat(AGAIN_S, place.signal, async () => {
    const now = await get("/v1/index", { signal: place.signal });
    if (!shown.contains(document.activeElement)) shown.replaceChildren(...content(now));
  });
  return page(place.session.shop.name, {}, shown);
}

function content(index) {
  return [index.products === 0 ? empty() : null, today(index), byStatus(index)].filter((part) => part !== null);
}

function empty() {
  return notice(
    "No products yet",
    make("p", {}, "Drop photos of what you sell; a moment later shoppers find them."),
    link("Upload photos", "/console/upload", { className: "button" }),
  );
}

function today(index) {
  const wait = index.oldest_queued_age_s;
  return section(
    "Today",
    figures([
      { value: number(index.embedded_today), name: "photos embedded" },
      { value: number(index.prompts_today), name: "prompts asked" },
      { value: number(index.queued), name: wait === null ? "photos waiting" : `photos waiting, the oldest for ${lasting(wait)}` },
    ]),
    make("p", { className: "quiet" }, "Since midnight UTC. Embedded by ", make("code", {}, index.checkpoint), "."),
  );
}

function byStatus({ statuses }) {
  const figured = Object.entries(STATUSES).map(([status, { name, means }]) => ({
    value: number(statuses[status]),
    name,
    means,
    href: `/console/products?status=${status}`,
  }));
  return section("Products", figures(figured));
}
