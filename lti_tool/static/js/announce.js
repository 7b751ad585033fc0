// Says one thing politely to people who listen to the page.

let region;

/** Make the live region; call once, early, so that screen readers know it before it speaks. */
export function prepareAnnouncer() {
  region = document.createElement("div");
  region.className = "visually-hidden";
  region.setAttribute("role", "status");
  document.body.append(region);
}

/** Speak `words` when the reader is free. The same words twice are spoken twice. */
export function announce(words) {
  if (!region) return;
  region.textContent = "";
  window.setTimeout(() => { region.textContent = words; }, 60);
}
