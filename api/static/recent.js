// The prompts asked in this browser. They stay in it, and can be forgotten.

const STORED_AS = "fitmatch.recent_prompts";
const PROMPTS_MAX = 8;
const CHARACTERS_MAX = 80;

/** Newest first. */
export function recent() {
  try {
    const found = JSON.parse(localStorage.getItem(STORED_AS) ?? "[]");
    return Array.isArray(found) ? found.filter((prompt) => typeof prompt === "string").slice(0, PROMPTS_MAX) : [];
  } catch {
    return [];
  }
}

export function remember(prompt) {
  if (prompt.length > CHARACTERS_MAX) return;
  const others = recent().filter((other) => other.toLowerCase() !== prompt.toLowerCase());
  try {
    localStorage.setItem(STORED_AS, JSON.stringify([prompt, ...others].slice(0, PROMPTS_MAX)));
  } catch {
    // A browser may keep nothing, or be full: then nothing is suggested from here.
  }
}

export function forgetRecent() {
  localStorage.removeItem(STORED_AS);
}
