// A product's statuses, in the order in which they are listed: their word, what it means, and the colour of their dot.

export const STATUSES = {
  ready: { name: "ready", means: "shoppers find them", kind: "good" },
  queued: { name: "queued", means: "a photo waits", kind: "busy" },
  embedding: { name: "embedding", means: "a photo is at work", kind: "busy" },
  partial: { name: "partial", means: "some photos failed", kind: "bad" },
  failed: { name: "failed", means: "no photo worked", kind: "bad" },
};
