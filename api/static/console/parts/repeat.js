// Asks again every few seconds while somebody looks.

/** `work()` is awaited before the next wait; its failures end nothing, for the next one may succeed. Ends with `signal`. */
export function repeat(seconds, signal, work) {
  let waiting = setTimeout(turn, seconds * 1000);
  signal.addEventListener("abort", () => clearTimeout(waiting));

  async function turn() {
    if (!document.hidden) await work().catch(() => {});
    if (!signal.aborted) waiting = setTimeout(turn, seconds * 1000);
  }
}
