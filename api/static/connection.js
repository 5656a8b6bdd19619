// Says so while there is no connection.

const told = document.getElementById("offline");

/** `back()` is called when a connection is there again. */
export function watchConnection(back) {
  addEventListener("offline", tell);
  addEventListener("online", () => {
    tell();
    back();
  });
  tell();
}

function tell() {
  told.textContent = navigator.onLine ? "" : "You are offline. What was found stays here; new prompts have to wait.";
}
