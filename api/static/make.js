// Elements without markup: text from the API only ever becomes text nodes.

const SVG = "http://www.w3.org/2000/svg";

/** `make("p", { className: "price" }, "49.90")`: properties are set, strings become text, null is left out. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A drawing of icons.svg. Without a label it is decoration. */
export function icon(name, { label = null, viewBox = "0 0 24 24", className = "" } = {}) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", viewBox);
  if (className) svg.setAttribute("class", className);
  if (label === null) svg.setAttribute("aria-hidden", "true");
  else {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  }
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}
