// Talks to /v1 with the session's cookie, which scripts cannot read. The header is what no other site can make a browser send.

import { noAnswer, readProblem } from "../problem.js";

const WAIT_MS_MAX = 20_000;
export const HEADERS = { "X-FitMatch-Console": "1", Accept: "application/json" };

let sessionOver = () => {};

/** `listener` is called whenever an answer says that nobody is signed in any more. */
export function onSessionOver(listener) {
  sessionOver = listener;
}

export function noteSessionOver() {
  sessionOver();
}

export const whoAmI = () => call("GET", "/v1/session", { isSession: true }).then(bodyOf);
export const signIn = (key) => call("POST", "/v1/session", { json: { key }, isSession: true }).then(bodyOf);
export const signOut = () => call("DELETE", "/v1/session", { isSession: true });

/** Each answers the body; options as for `call`. */
export const get = (path, options) => call("GET", path, options).then(bodyOf);
export const post = (path, json, options) => call("POST", path, { json, ...options }).then(bodyOf);
export const patch = (path, json, options) => call("PATCH", path, { json, ...options }).then(bodyOf);
export const remove = (path, options) => call("DELETE", path, options).then(bodyOf);

/**
 * Answers `{ body, etag }`. `query` leaves out what is null or empty; `once` is an Idempotency-Key (`newKey()`) that the
 * caller keeps for its next try. Raises Problem, or the reason of `signal`.
 */
export async function call(method, path, { query = {}, json, ifMatch, once, signal, isSession = false } = {}) {
  const headers = { ...HEADERS };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  if (ifMatch) headers["If-Match"] = ifMatch;
  if (once) headers["Idempotency-Key"] = once;
  const waiting = AbortSignal.timeout(WAIT_MS_MAX);
  let answer;
  try {
    answer = await fetch(path + queryOf(query), {
      method,
      headers,
      body: json === undefined ? undefined : JSON.stringify(json),
      signal: signal ? AbortSignal.any([signal, waiting]) : waiting,
    });
    if (answer.ok) return { body: answer.status === 204 ? null : await answer.json(), etag: answer.headers.get("ETag") };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw noAnswer(error, WAIT_MS_MAX);
  }
  if (answer.status === 401 && !isSession) noteSessionOver();
  throw await readProblem(answer);
}

/** An Idempotency-Key. `crypto.randomUUID` is missing on plain http beyond localhost. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function queryOf(query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

function bodyOf({ body }) {
  return body;
}
