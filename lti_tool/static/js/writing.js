// What every writing room does with a script: it saves by itself, counts words, and keeps words safe.

import { prepareAnnouncer } from "./announce.js";
import { Autosave } from "./autosave.js";
import { offerCopy } from "./copy.js";
import { followCounts } from "./counts.js";
import { makeStatusLine } from "./status.js";

function showConflict(form, data) {
  form.querySelector("[data-conflict]")?.remove();
  form.elements.version.value = String(data.version);
  const box = document.createElement("template");
  box.innerHTML = data.panel;
  const panel = box.content.querySelector("[data-conflict]");
  form.querySelector("[data-save-bar]").after(panel);
  return panel;
}

function showLost(form) {
  const panel = form.querySelector("[data-lost]");
  panel.hidden = false;
  return panel;
}

/** Bring `form` to life; the answer is its Autosave. */
export function startWriting(form) {
  document.documentElement.classList.add("has-script");
  prepareAnnouncer();
  followCounts(form);
  offerCopy(form);
  const autosave = new Autosave(form, makeStatusLine(form, {
    onConflict: (data) => showConflict(form, data),
    onLost: () => showLost(form),
  }));
  // While two versions are shown she decides first; a save by itself would decide for her.
  if (form.querySelector("[data-conflict]")) autosave.waitForDecision();
  return autosave;
}
