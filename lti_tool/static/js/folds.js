// Opens what is folded around the place a link leads to, so that no link ends at something closed.

function open(element) {
  for (let fold = element.closest("details:not([open])"); fold; fold = fold.parentElement?.closest("details:not([open])")) {
    fold.open = true;
  }
}

function follow() {
  const target = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
  if (!target) return;
  open(target);
  (target.closest(".cell, .field") ?? target).scrollIntoView({ block: "start" });
  if (target.matches("input, select, textarea, [tabindex]")) target.focus({ preventScroll: true });
}

/** Unfold the way to every place in the page that is linked to, now and later. */
export function unfoldTargets() {
  window.addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === window.location.hash) follow();
  });
  if (window.location.hash) follow();
}
