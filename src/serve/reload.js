// Loads the page again when the preview server has a newer edition. Only the server adds this script.
(() => {
  "use strict";
  const own = new URL(document.currentScript.src);
  const shown = own.searchParams.get("edition");
  let events = null;

  const leave = () => {
    if (events) events.close();
    events = null;
  };
  // Sent on connecting and on each new edition, so nothing that happened in between is missed, nor
  // that the server itself was started again.
  const compare = (event) => {
    if (event.data === shown) return;
    leave();
    location.reload();
  };
  // Only while somebody can see the page: browsers open six connections to one server, and six
  // forgotten tabs would keep a seventh from loading.
  const listen = () => {
    if (events || document.hidden) return;
    events = new EventSource(new URL("events", own));
    events.addEventListener("edition", compare);
    events.addEventListener("reload", compare);
    // A lost connection is taken up again by the browser, a refused one is not.
    events.addEventListener("error", () => {
      if (!events || events.readyState !== EventSource.CLOSED) return;
      leave();
      setTimeout(listen, 2000);
    });
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : listen()));
  addEventListener("pagehide", leave);
  addEventListener("pageshow", listen);
  listen();
})();
