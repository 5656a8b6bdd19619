// Bars over days, drawn without a library: each chart has its own scale. Who does not see it has the table beside it.

const SVG = "http://www.w3.org/2000/svg";
const [HEIGHT, TOP, LEFT, BOTTOM] = [180, 14, 40, 24];
// Drawn at the width at which it is shown, about: its words are as large as the others on the page.
const [DESK, PHONE] = [720, 340];
const IS_PHONE = "(max-width: 44rem)";
const GAP = 0.28;
const LABEL_PX = 80;

/** `days`: [{ name, value, says }]: `name` below the bar (some are left out), `says` when one points at it. */
export function bars(label, days) {
  const width = matchMedia(IS_PHONE).matches ? PHONE : DESK;
  const top = niceAbove(Math.max(...days.map(({ value }) => value)));
  const drawn = draw("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label, class: "chart" });
  for (const value of [0, top / 2, top]) drawn.append(...line(value, { top, width }));
  const step = (width - LEFT) / days.length;
  for (const [at, day] of days.entries()) drawn.append(bar(day, { top, step, at }));
  const every = Math.ceil(LABEL_PX / step);
  for (const [at, { name }] of days.entries()) {
    // Counted from the last: today always has its name.
    if ((days.length - 1 - at) % every === 0) drawn.append(word(name, LEFT + (at + 1) * step, HEIGHT - 6, "end"));
  }
  return drawn;
}

function bar({ value, says }, { top, step, at }) {
  const y = heightOf(value, top);
  const drawn = draw("rect", { class: "chart-bar", x: LEFT + (at + GAP / 2) * step, y, width: step * (1 - GAP), height: HEIGHT - BOTTOM - y });
  const title = draw("title", {});
  title.textContent = says;
  drawn.append(title);
  return drawn;
}

function line(value, { top, width }) {
  const y = heightOf(value, top);
  return [draw("line", { class: "chart-line", x1: LEFT, x2: width, y1: y, y2: y }), word(short(value), LEFT - 8, y + 4, "end")];
}

function heightOf(value, top) {
  return HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
}

/** The next even number that begins with 1, 2, 4, 6 or 8: half of it is worth a line. */
function niceAbove(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  const lead = [1, 2, 4, 6, 8, 10].find((one) => one * power >= value);
  return Math.max(lead * power, 2);
}

function short(value) {
  return new Intl.NumberFormat(undefined, { notation: "compact" }).format(value);
}

function word(text, x, y, anchor) {
  const drawn = draw("text", { x, y, "text-anchor": anchor, class: "chart-word" });
  drawn.textContent = text;
  return drawn;
}

function draw(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
