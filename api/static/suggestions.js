// What could be meant by the words in the field: own earlier prompts, popular ones, and names of what the shop has.

const OPTIONS_MAX = 8;
const RECENT_MAX = 4;
const POPULAR_MAX = 5;

/** Groups of `{ label, prompts }` without empty ones; no prompt comes twice, and none that is typed already. */
export function suggestionsFor(typed, recentPrompts, storefront) {
  const text = typed.trimStart().toLowerCase();
  const seen = new Set([text.trim()]);
  let left = OPTIONS_MAX;
  const group = (label, prompts, most) => {
    const fresh = prompts.filter((prompt) => !seen.has(prompt.toLowerCase())).slice(0, Math.min(most, left));
    for (const prompt of fresh) seen.add(prompt.toLowerCase());
    left -= fresh.length;
    return { label, prompts: fresh };
  };
  return [
    group("You asked before", recentPrompts.filter((prompt) => fits(prompt, text)), RECENT_MAX),
    group("Popular here", (storefront?.popular_prompts ?? []).filter((prompt) => fits(prompt, text)), POPULAR_MAX),
    group("In this shop", completions(typed.trimStart(), storefront), OPTIONS_MAX),
  ].filter(({ prompts }) => prompts.length > 0);
}

/** Every typed word begins one of the prompt's words. */
function fits(prompt, text) {
  const words = prompt.toLowerCase().split(/\s+/);
  return text.split(/\s+/).every((typed) => words.some((word) => word.startsWith(typed)));
}

/** "red dr" becomes "red dress": the last word is completed to a name of the shop's taxonomy. */
function completions(typed, storefront) {
  if (storefront === null) return [];
  const { categories, styles, age_groups: ageGroups } = storefront;
  const names = [...categories, ...styles, ...ageGroups].map(({ name }) => name);
  const [, head, last] = /^(.*?)(\S*)$/s.exec(typed);
  const before = head.toLowerCase().split(/\s+/);
  return names
    .filter((name) => name.toLowerCase().startsWith(last.toLowerCase()) && !before.includes(name.toLowerCase()))
    .map((name) => head + name);
}
