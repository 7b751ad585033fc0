// Puts a "Copy" button to work beside each field of the set-up page. Without it, the fields can be selected by hand.

import { announce, prepareAnnouncer } from "./announce.js";

const SHOWN_FOR = 4000;

async function copyFrom(field) {
  // A browser may keep the clipboard closed to us; then the text stands selected, ready for the keyboard.
  field.focus();
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return "Copied";
  } catch {
    return "Selected: press Ctrl+C";
  }
}

prepareAnnouncer();
for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const words = button.querySelector("[data-copy-words]");
  const before = words.textContent;
  let timer;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const outcome = await copyFrom(field);
    if (outcome === "Copied") button.focus();
    words.textContent = outcome;
    announce(outcome);
    window.clearTimeout(timer);
    timer = window.setTimeout(() => { words.textContent = before; }, SHOWN_FOR);
  });
}
