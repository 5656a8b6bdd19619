// What went wrong with a request, in sentences that may be shown.

export class Problem extends Error {
  constructor({ title, detail, status = 0, code = null, errors = [], requestId = null, retryAfterS = null }) {
    super(detail);
    Object.assign(this, { title, detail, status, code, errors, requestId, retryAfterS });
  }

  get isAboutTheKey() {
    return this.status === 401 || this.status === 403;
  }
}

/** No answer came: `error` is what `fetch` threw. */
export function noAnswer(error, waitMs) {
  if (error.name === "TimeoutError") {
    return new Problem({ title: "That took too long", detail: `The server gave no answer within ${waitMs / 1000} seconds.` });
  }
  if (!navigator.onLine) {
    return new Problem({ title: "You are offline", detail: "There is no connection to the network.", code: "offline" });
  }
  return new Problem({ title: "No answer", detail: "The server cannot be reached right now." });
}

/** From an answer's problem document (RFC 9457); `header(name)` reads its headers. */
export function problemOf({ status, body, header }) {
  const retryAfterS = Number.parseInt(header("Retry-After") ?? "", 10);
  return new Problem({
    title: body?.title ?? "Something went wrong",
    detail: sentences(body ?? {}) ?? `The server answered with status ${status}.`,
    status,
    code: body?.code ?? null,
    errors: body?.errors ?? [],
    requestId: body?.request_id ?? header("X-Request-Id"),
    retryAfterS: Number.isNaN(retryAfterS) ? null : retryAfterS,
  });
}

export async function readProblem(answer) {
  const body = await answer.json().catch(() => null);
  return problemOf({ status: answer.status, body, header: (name) => answer.headers.get(name) });
}

/** `errors` of a 422 say more than its `detail`, which only points at them. */
function sentences({ detail, errors }) {
  return errors?.length ? errors.map((error) => error.detail).join(" ") : detail;
}
