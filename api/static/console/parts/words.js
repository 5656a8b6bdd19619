// Numbers, times and statuses as people read them.

import { make } from "../../make.js";

const NUMBERS = new Intl.NumberFormat();
const MOMENTS = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const AGES = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
const STEPS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", Infinity]];

export function number(value) {
  return NUMBERS.format(value);
}

/** `counted(1, "product")`: "1 product", "2 products". */
export function counted(count, word, words = `${word}s`) {
  return `${number(count)} ${count === 1 ? word : words}`;
}

/** "48.2 MB". */
export function size(bytes) {
  let [left, at] = [bytes, 0];
  while (left >= 1000 && at < SIZES.length - 1) [left, at] = [left / 1000, at + 1];
  return new Intl.NumberFormat(undefined, { style: "unit", unit: SIZES[at], maximumFractionDigits: 1 }).format(left);
}

/** "3 minutes ago", with the moment itself as its title; a dash for null. */
export function ago(moment) {
  if (!moment) return "–";
  const date = new Date(moment);
  const made = make("time", { dateTime: moment, title: MOMENTS.format(date) }, age((Date.now() - date) / 1000));
  return made;
}

export function when(moment) {
  return moment ? make("time", { dateTime: moment }, MOMENTS.format(new Date(moment))) : "–";
}

/** "4 seconds", "2 minutes": how long something lasts. */
export function lasting(seconds) {
  let [left, unit] = [seconds, "second"];
  for (const [name, size] of STEPS) {
    unit = name;
    if (left < size) break;
    left /= size;
  }
  return counted(Math.round(left), unit);
}

/** A status with a dot in its colour: `kind` is good, busy, bad or off. */
export function status(word, kind) {
  const made = make("span", { className: "status" }, word);
  made.dataset.kind = kind;
  return made;
}

function age(seconds) {
  let left = seconds;
  for (const [name, size] of STEPS) {
    if (Math.abs(left) < size) return AGES.format(-Math.round(left), name);
    left /= size;
  }
  return "";
}
