// What shoppers asked, newest first. Those that found little stand out: there the catalogue lacks something, or its words do.

import { make } from "../../make.js";
import { get } from "../api.js";
import { link, notice, page } from "../parts/page.js";
import { pager } from "../parts/pager.js";
import { table } from "../parts/table.js";
import { ago, counted, number, status } from "../parts/words.js";

const LIMIT = 50;
const FEW = 3;
const LEAD = "In the words of your shoppers, newest first.";

const COLUMNS = [
  { title: "Prompt", isHead: true, cell: ({ prompt }) => prompt },
  { title: "Found", cell: foundBy },
  { title: "Asked", cell: ({ created_at: moment }) => ago(moment) },
];

export async function show({ query, signal }) {
  const list = await get("/v1/prompts", { query: { limit: LIMIT, cursor: query.get("cursor") }, signal });
  if (list.data.length === 0) return page("Prompts", {}, nothing());
  const rows = table({ caption: "Prompts", columns: COLUMNS, rows: list.data });
  return page("Prompts", { lead: LEAD }, summary(list.data), rows, ...[pager(list, query)].filter(Boolean));
}

/** Of those on this page: the API does not count them all. */
function summary(prompts) {
  const [none, few] = [prompts.filter(isNone).length, prompts.filter(isFew).length];
  const told = none + few === 0 ? "all found enough" : `${number(none)} found nothing, ${number(few)} found few`;
  return make("p", { className: "below" }, `${counted(prompts.length, "prompt")} on this page: ${told}.`);
}

function foundBy(prompt) {
  const { returned, num_results: wanted } = prompt;
  if (isNone(prompt)) return status("nothing", "bad");
  return status(`${number(returned)} of ${number(wanted)}`, isFew(prompt) ? "bad" : "good");
}

function isNone({ returned }) {
  return returned === 0;
}

/** Fewer than were wanted is no sign by itself: a small shop never has as many as a page asks for. */
function isFew({ returned, num_results: wanted }) {
  return returned > 0 && returned < Math.min(FEW, wanted);
}

function nothing() {
  return notice(
    "Nobody has asked yet",
    make("p", {}, "Prompts appear here as soon as your pages ask for recommendations. A publishable key lets them."),
    link("To the keys", "/console/keys", { className: "button-quiet" }),
  );
}
