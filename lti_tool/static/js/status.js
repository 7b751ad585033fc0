// Says in one line where the draft stands.

import { writeClock } from "./times.js";

const SAVING_SHOWN_AFTER = 800;

/** The listener of an Autosave that writes into the page's save bar. */
export function makeStatusLine(form, { onConflict, onLost }) {
  const bar = form.querySelector("[data-save-bar]");
  const line = bar.querySelector("[data-save-status]");
  const act = bar.querySelector("[data-save-act]");
  let timer = 0;

  function show(words, { isWrong = false } = {}) {
    window.clearTimeout(timer);
    if (line.textContent !== words) line.textContent = words;
    bar.dataset.state = isWrong ? "wrong" : "calm";
    act.hidden = true;
  }

  function offer(words, doIt) {
    act.textContent = words;
    act.hidden = false;
    act.onclick = doIt;
  }

  return {
    unsaved() { bar.dataset.state = "calm"; },
    saving() {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => show("Saving…"), SAVING_SHOWN_AFTER);
    },
    saved(at) { show(`Saved ${writeClock(at)}`); },
    offline() { show("Not saved: no connection, trying again", { isWrong: true }); },
    failed() { show("Not saved: the server did not answer, trying again", { isWrong: true }); },
    refused(message) { show(`Not saved. ${message}`, { isWrong: true }); },
    conflict(data) {
      show("Someone saved a newer version", { isWrong: true });
      const panel = onConflict(data);
      offer("See both versions", () => panel.focus());
    },
    lost() {
      show("Not saved: this page lost its session", { isWrong: true });
      const panel = onLost();
      offer("Keep my words safe", () => panel.focus());
    },
  };
}
