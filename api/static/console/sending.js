// Sends a form with photos. Not `fetch`: only XMLHttpRequest tells how much of it has left.

import { noAnswer, problemOf } from "../problem.js";
import { HEADERS, noteSessionOver } from "./api.js";

const WAIT_MS_MAX = 120_000;

/** Answers `{ body, etag }`. `onProgress(share)` from 0 to 1. Raises Problem, or the reason of `signal`. */
export function sendForm(path, form, { once, onProgress = () => {}, signal }) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.timeout = WAIT_MS_MAX;
    for (const [name, value] of Object.entries({ ...HEADERS, "Idempotency-Key": once })) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      const body = read(request.responseText);
      if (request.status < 300) return done({ body, etag: request.getResponseHeader("ETag") });
      if (request.status === 401) noteSessionOver();
      return failed(problemOf({ status: request.status, body, header: (name) => request.getResponseHeader(name) }));
    });
    request.addEventListener("error", () => failed(noAnswer({ name: "NetworkError" }, WAIT_MS_MAX)));
    request.addEventListener("timeout", () => failed(noAnswer({ name: "TimeoutError" }, WAIT_MS_MAX)));
    request.addEventListener("abort", () => failed(signal.reason));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
