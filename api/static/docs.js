// Draws the API reference from /openapi.json. Text only ever enters the page as text.

const METHODS = ["get", "post", "put", "patch", "delete"];

const state = document.getElementById("state");
const main = document.getElementById("main");

try {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  draw(await answer.json());
  state.remove();
} catch (error) {
  state.textContent = `The description of the API could not be read: ${error.message}. Reload to try again.`;
}

function draw(api) {
  main.append(...paragraphs(api.info.description));
  for (const tag of api.tags) {
    main.append(element("h2", { id: tag.name }, tag.name), element("p", { className: "quiet" }, tag.description));
    for (const [path, item] of Object.entries(api.paths)) {
      for (const method of METHODS) {
        if (item[method]?.tags?.includes(tag.name)) main.append(operation(api, path, method, item[method]));
      }
    }
  }
  openNamed();
  addEventListener("hashchange", openNamed);
}

function operation(api, path, method, described) {
  const title = element("summary", {}, element("span", { className: "method" }, method.toUpperCase()));
  title.append(element("code", described.deprecated ? { className: "old" } : {}, path), ` ${described.summary ?? ""}`);
  const inside = element("div", {}, ...paragraphs(described.description), element("p", { className: "quiet" }, who(described)));
  inside.append(...parameters(described.parameters), ...request(api, described.requestBody), ...answers(api, described.responses));
  return element("details", { id: described.operationId }, title, inside);
}

function who(described) {
  return { operator: "For the operator's token.", secret: "For secret keys.", any_key: "For secret and publishable keys." }[
    described["x-caller"]
  ] ?? (described["x-caller"] === "seed_key" ? "For secret keys, in the path or body." : "For anyone.");
}

function parameters(list = []) {
  if (!list.length) return [];
  const rows = list.map((one) =>
    element("tr", {}, element("td", {}, element("code", {}, one.name)), element("td", {}, one.in),
      element("td", {}, ...inline(`${one.required ? "Required. " : ""}${one.description ?? ""}`))));
  return [element("h3", {}, "Parameters"), element("table", {}, ...rows)];
}

function request(api, body) {
  if (!body) return [];
  return [element("h3", {}, "Request"), ...paragraphs(body.description), ...contents(api, body.content)];
}

function answers(api, responses) {
  const shown = Object.entries(responses).filter(([status]) => !status.endsWith("XX") && status !== "422");
  return shown.flatMap(([status, one]) => [
    element("h3", {}, `Answer ${status}`),
    ...paragraphs(one.description === "Successful Response" ? "" : one.description),
    ...contents(api, one.content, { answered: true })]);
}

function contents(api, content = {}, { answered = false } = {}) {
  return Object.entries(content).flatMap(([type, one]) => {
    const schema = resolve(api, one.schema);
    const example = one.example ?? schema?.example;
    const parts = [element("p", { className: "quiet" }, type), ...fields(schema, answered)];
    if (example !== undefined) parts.push(element("pre", {}, element("code", {}, JSON.stringify(example, null, 2))));
    return parts;
  });
}

function fields(schema, answered) {
  if (!schema?.properties) return [];
  const rows = Object.entries(schema.properties).map(([name, one]) => {
    const words = `${!answered && schema.required?.includes(name) ? "Required. " : ""}${one.description ?? ""}`;
    return element("tr", {}, element("td", {}, element("code", {}, name)), element("td", {}, kind(one)),
      element("td", {}, ...inline(words)));
  });
  return [element("table", {}, ...rows)];
}

function kind(schema) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(kind).join(" | ");
  if (schema.type === "array") return `[${kind(schema.items ?? {})}]`;
  return schema.const ? JSON.stringify(schema.const) : (schema.type ?? "any");
}

function resolve(api, schema) {
  if (!schema?.$ref) return schema;
  return schema.$ref.split("/").slice(1).reduce((node, key) => node[key], api);
}

// The few kinds of Markdown that the descriptions use: paragraphs, `code`, **strong**, [text](/path).
function paragraphs(text = "") {
  return text.trim().split(/\n\s*\n/).filter(Boolean).map((one) => element("p", {}, ...inline(one)));
}

function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\(\/[^)]*\))/).map((part) => {
    if (part.startsWith("`")) return element("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return element("strong", {}, part.slice(2, -2));
    const link = /^\[([^\]]+)\]\((\/[^)]*)\)$/.exec(part);
    return link ? element("a", { href: link[2] }, link[1]) : part;
  });
}

function openNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named instanceof HTMLDetailsElement) named.open = true;
  named?.scrollIntoView();
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
