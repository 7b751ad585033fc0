// Tells Canvas how high the page is and to begin at its top (Canvas: "Using window.postMessage in LTI Tools").

const SMALLEST_CHANGE = 2;

if (window.parent !== window) {
  // The page around us, exactly; where a browser does not say who that is, anybody may know how high a page is.
  const origin = window.location.ancestorOrigins?.[0] ?? "*";
  const say = (message) => window.parent.postMessage(message, origin);
  let told = 0;
  let isDue = false;

  const tellHeight = () => {
    isDue = false;
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (Math.abs(height - told) < SMALLEST_CHANGE) return;
    told = height;
    say({ subject: "lti.frameResize", height });
  };
  // Once a frame at most, however often something grows.
  const observer = new ResizeObserver(() => {
    if (!isDue) window.requestAnimationFrame(tellHeight);
    isDue = true;
  });
  observer.observe(document.body);

  // A page that opens at one of its parts, that comes back, or that follows its own form stays where she was reading.
  const before = document.referrer && new URL(document.referrer);
  const isSamePage = before && before.origin === window.location.origin && before.pathname === window.location.pathname;
  const isNew = performance.getEntriesByType("navigation")[0]?.type === "navigate";
  if (isNew && !isSamePage && !window.location.hash) say({ subject: "lti.scrollToTop" });
}
