// The console's views. To add one: a file in views/ that exports `show`, and one line here.
//
//   { path: "/console/keys", of: "shop", name: "Keys", load: () => import("./views/keys.js") },
//
// `of` is whose session sees it ("shop" or "operator"), `name` its word in the menu (none: it is reached from another
// view, and `within` says whose word is marked). `:id` in a path becomes `place.params.id`.
//
//   export async function show(place) { return page("Keys", …); }
//
// `show` fetches and then answers the element to be shown (parts/page.js: `page`). Until then the frame shows that it
// waits; what `show` throws is shown with "Try again". What it is given:
//
//   place.params, place.query   from the address (query: URLSearchParams)
//   place.session               { kind, shop, key_id, expires_at } as GET /v1/session answers, and `ended`, aborted with it
//   place.signal                aborted when the view is left: give it to every get() of api.js and every listener
//   place.go(address, { quiet })  another address; quiet: the old view stays until the new one is there, focus stays
//   place.refresh()             the same address again, quietly: after an action changed what is shown
//
// Everything is fetched through api.js. Shared parts: parts/ (page, table, forms, dialogs, words, say, pager, repeat, photo).

export const VIEWS = [
  { path: "/console", of: "shop", name: "Overview", load: () => import("./views/overview.js") },
  { path: "/console/products", of: "shop", name: "Products", load: () => import("./views/products.js") },
  { path: "/console/products/:id", of: "shop", within: "/console/products", load: () => import("./views/product.js") },
  { path: "/console/upload", of: "shop", within: "/console/products", load: () => import("./views/upload.js") },
  { path: "/console/taxonomy", of: "shop", name: "Taxonomy", load: () => import("./views/taxonomy.js") },
  { path: "/console/keys", of: "shop", name: "Keys", load: () => import("./views/keys.js") },
  { path: "/console/prompts", of: "shop", name: "Prompts", load: () => import("./views/prompts.js") },
  { path: "/console/usage", of: "shop", name: "Usage", load: () => import("./views/usage.js") },
  { path: "/console/shops", of: "operator", name: "Shops", load: () => import("./views/shops.js") },
  { path: "/console/deployment", of: "operator", name: "Deployment", load: () => import("./views/deployment.js") },
];

/** The view at this path for this kind of session, with its `params`; null for none. */
export function find(path, kind) {
  for (const view of VIEWS) {
    const params = view.of === kind ? match(view.path, path) : null;
    if (params !== null) return { view, params };
  }
  return null;
}

/** Where a session of this kind begins: its first view in the menu. */
export function homeOf(kind) {
  return menuOf(kind)[0]?.path ?? "/console";
}

export function menuOf(kind) {
  return VIEWS.filter((view) => view.of === kind && view.name);
}

function match(pattern, path) {
  const wanted = pattern.split("/");
  const given = path.replace(/\/$/, "").split("/");
  if (wanted.length !== given.length) return null;
  const params = {};
  for (const [at, part] of wanted.entries()) {
    if (part.startsWith(":")) params[part.slice(1)] = decoded(given[at]);
    else if (part !== given[at]) return null;
  }
  return params;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
