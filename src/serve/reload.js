// Loads the page again when the preview server has a newer edition. Only the server adds this script.
(() => {
  "use strict";
  const own = new URL(document.currentScript.src);
  const shown = own.searchParams.get("edition");
  const events = new EventSource(new URL("events", own));
  // Sent on connecting and on each new edition, so nothing that happened in between is missed, nor
  // that the server itself was started again.
  const compare = (event) => {
    if (event.data !== shown) {
      events.close();
      location.reload();
    }
  };
  events.addEventListener("edition", compare);
  events.addEventListener("reload", compare);
  addEventListener("pagehide", () => events.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
})();
