// Runs before the first paint: the page begins in the layout that its address asks for, so nothing jumps afterwards.

const words = new URLSearchParams(location.search);
const asked = (words.get("q") ?? "").trim() !== "";
document.documentElement.classList.toggle("asked", asked || words.has("product"));
document.documentElement.classList.toggle("alone", !asked && words.has("product"));
