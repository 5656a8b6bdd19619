// What the server says of where photos stand, in words: the same for products in lists, on their page and after an upload.

import { make } from "../make.js";
import { status } from "./parts/words.js";

/** A product's statuses, in the order in which they are listed. */
export const STATUSES = {
  ready: { name: "ready", means: "shoppers find them", kind: "good" },
  queued: { name: "queued", means: "a photo waits", kind: "busy" },
  embedding: { name: "embedding", means: "a photo is at work", kind: "busy" },
  partial: { name: "partial", means: "some photos failed", kind: "bad" },
  failed: { name: "failed", means: "no photo worked", kind: "bad" },
};

export function isSettled({ status: word }) {
  return STATUSES[word]?.kind !== "busy";
}

/** The status of a product or photo with, where something failed, the reason. */
export function told(one) {
  const { name, kind } = STATUSES[one.status];
  const reasons = (one.photos ?? [one]).filter((photo) => photo.error).map((photo) => photo.error.detail);
  return make(
    "span",
    { className: "told" },
    status(one.photos?.length === 0 ? "no photo" : name, one.photos?.length === 0 ? "off" : kind),
    reasons.length ? make("span", { className: "told-reason" }, [...new Set(reasons)].join(" ")) : null,
  );
}
