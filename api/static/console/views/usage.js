// What the shop has used: this month in numbers, the last 30 days as bars and as a table.

import { make } from "../../make.js";
import { get } from "../api.js";
import { bars } from "../parts/chart.js";
import { figures } from "../parts/figures.js";
import { page, section } from "../parts/page.js";
import { table } from "../parts/table.js";
import { counted, number, size } from "../parts/words.js";

const DAYS = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const MONTHS = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" });
const SERIES = [
  { title: "Prompts", field: "prompts", word: "prompt" },
  { title: "Photos uploaded", field: "photos_uploaded", word: "photo" },
];

export async function show({ signal }) {
  const usage = await get("/v1/usage", { signal });
  return page(
    "Usage",
    { lead: "Days and months begin at midnight UTC." },
    section(MONTHS.format(new Date(usage.since)), figures(totals(usage))),
    ...SERIES.map((series) => section(series.title, chartOf(series, usage.days))),
    asTable(usage.days),
  );
}

function totals({ prompts, photos_uploaded: uploaded, products, photos, photo_bytes: bytes }) {
  return [
    { value: number(prompts), name: "prompts asked", means: "this month" },
    { value: number(uploaded), name: "photos uploaded", means: "this month" },
    { value: number(products), name: "products", means: "now" },
    { value: number(photos), name: "photos", means: "now" },
    { value: size(bytes), name: "of photos", means: "now, as uploaded" },
  ];
}

function chartOf({ title, field, word }, days) {
  const total = days.reduce((sum, day) => sum + day[field], 0);
  if (total === 0) return make("p", { className: "quiet" }, `None in the last ${days.length} days.`);
  const busiest = days.reduce((best, day) => (day[field] > best[field] ? day : best));
  const most = `most on ${dayOf(busiest)}: ${number(busiest[field])}`;
  const label = `${title} in the last ${days.length} days: ${counted(total, word)}, ${most}.`;
  const drawn = bars(label, days.map((day) => ({ name: dayOf(day), value: day[field], says: `${dayOf(day)}: ${counted(day[field], word)}` })));
  return make("figure", { className: "charted" }, drawn, make("figcaption", { className: "quiet" }, label));
}

function asTable(days) {
  const columns = [
    { title: "Day", isHead: true, cell: dayOf },
    ...SERIES.map(({ title, field }) => ({ title, className: "number", cell: (day) => number(day[field]) })),
  ];
  const rows = table({ caption: "Usage by day, the last one first", columns, rows: days.toReversed() });
  return make("details", { className: "part" }, make("summary", {}, "The same days as a table"), rows);
}

function dayOf({ date }) {
  return DAYS.format(new Date(date));
}
