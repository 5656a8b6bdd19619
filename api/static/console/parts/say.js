// One line at the lower edge that tells what has just been done, and is read aloud.

const SHOWN_MS = 8_000;

let fading = null;

export function say(text) {
  const said = document.getElementById("said");
  clearTimeout(fading);
  said.textContent = text;
  fading = setTimeout(hush, SHOWN_MS);
}

export function hush() {
  clearTimeout(fading);
  document.getElementById("said").textContent = "";
}
