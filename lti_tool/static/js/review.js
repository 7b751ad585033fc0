// The review page with a script: drafts save by themselves, levels answer to keys, nothing typed is lost quietly.

import { announce, prepareAnnouncer } from "./announce.js";
import { writeClock } from "./times.js";

const PAUSE = 1500;
const FIRST_WAIT = 2000;
const LONGEST_WAIT = 30000;
const ENDED = "This page's session has ended. Your words are still in the boxes: copy them, then open this course again from your learning system.";

/** Saves one form a moment after the last change, again and again until it is stored. */
class Autosaver {
  constructor(form) {
    this.form = form;
    this.version = form.elements.namedItem("version");
    this.state = form.id === "review" ? document.querySelector(".review-bar [data-save-state]") : form.querySelector("[data-save-state]");
    this.isDirty = false;
    this.isStopped = document.querySelector(".newer") !== null;
    this.failures = 0;
    this.saving = null;
    form.addEventListener("submit", (event) => this.beforeSubmit(event));
  }

  noteChange() {
    this.isDirty = true;
    if (!this.isStopped) this.schedule(PAUSE);
  }

  schedule(wait) {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.save(), wait);
  }

  save() {
    if (this.saving || this.isStopped) return this.saving;
    this.saving = this.send().finally(() => {
      this.saving = null;
      if (this.isDirty && !this.isStopped && !this.failures) this.schedule(PAUSE);
    });
    return this.saving;
  }

  async send() {
    this.isDirty = false;
    this.show("Saving…");
    let answer;
    try {
      answer = await fetch(this.form.dataset.autosave, {
        method: "POST",
        headers: { Accept: "application/json" },
        body: new URLSearchParams(new FormData(this.form)),
      });
    } catch {
      this.tryAgain("Not saved: no connection, trying again");
      return;
    }
    const body = await answer.json().catch(() => ({}));
    if (answer.ok) this.stored(body);
    else if (answer.status >= 500) this.tryAgain("Not saved: the tool does not answer, trying again");
    else this.refused(answer.status, body);
  }

  tryAgain(words) {
    this.isDirty = true;
    this.failures += 1;
    this.show(words, true);
    this.schedule(Math.min(FIRST_WAIT * 2 ** (this.failures - 1), LONGEST_WAIT));
  }

  stored(body) {
    this.failures = 0;
    this.version.value = body.version;
    this.show(body.saved_at ? `Saved ${writeClock(new Date(body.saved_at))}` : "Nothing written yet");
    if (this.form.id === "review") showStanding(body);
  }

  refused(status, body) {
    this.isDirty = true;
    this.isStopped = true;
    if (status === 401) {
      this.show(ENDED, true);
      return;
    }
    if (body.code === "newer_version_saved") {
      this.version.value = body.version;
      showNewer(this.form, body.fields);
      this.show("Someone saved a newer version. It is shown under your boxes; press Save to keep yours.", true);
      return;
    }
    if (status === 409) this.isDirty = false;
    else this.isStopped = body.code !== "review_not_understood";
    this.show(body.message ?? "Not saved. Press Save to see why.", true);
  }

  show(words, isTrouble = false) {
    this.state.textContent = words;
    this.state.toggleAttribute("data-trouble", isTrouble);
    if (isTrouble) announce(words);
  }

  // A save on its way would make the form's own version old, and words in another form would be left behind:
  // wait for them once, then send the form.
  beforeSubmit(event) {
    window.clearTimeout(this.timer);
    this.isStopped = true;
    this.isDirty = false;
    const others = [...savers.values()].filter((saver) => saver.isDirty && !saver.isStopped);
    const pending = [this.saving, ...others.map((saver) => saver.save())].filter(Boolean);
    if (!pending.length || this.hasWaited) return;
    event.preventDefault();
    this.hasWaited = true;
    const { submitter } = event;
    Promise.allSettled(pending).then(() => {
      this.isDirty = false;
      this.form.requestSubmit(submitter);
    });
  }
}

/** Points, suggestion and lease, as the server counts them. */
function showStanding(body) {
  write("[data-points]", body.points ? `Plan: ${body.points}` : "");
  write("[data-suggestion]", body.suggestion);
  if (body.lease_until) {
    write("[data-lease]", `Yours until ${writeClock(new Date(body.lease_until))}`);
    document.querySelector("[data-start]")?.remove();
  }
}

function write(selector, words) {
  const element = document.querySelector(`.review-bar ${selector}`);
  if (element && element.textContent !== words) element.textContent = words;
}

/** Put the newer words under the boxes they belong to. */
function showNewer(form, fields) {
  for (const [name, words] of Object.entries(fields)) {
    const isNamed = name.startsWith("named.");
    const box = [...form.elements].find((element) =>
      isNamed ? element.name === "named" && element.value === name.slice("named.".length) : element.name === name);
    if (!box) continue;
    const place = box.type === "radio" ? box.closest("fieldset").lastElementChild : box.closest("label") ?? box;
    const note = document.createElement("p");
    note.className = "newer";
    const label = document.createElement("strong");
    label.textContent = "In the newer version: ";
    const text = document.createElement("span");
    text.className = "words";
    text.dir = "auto";
    text.textContent = words;
    note.append(label, text);
    place.after(note);
  }
}

/** Keys 1 to 4 set the level of the criterion that has the focus, 0 takes it away. */
function rateByKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !/^[0-4]$/.test(event.key)) return;
  const criterion = event.target.closest("[data-criterion]");
  const value = event.key === "0" ? "none" : event.key;
  const radio = criterion?.querySelector(`input[type="radio"][value="${value}"]`);
  if (!radio) return;
  event.preventDefault();
  radio.focus();
  if (radio.checked) return;
  radio.checked = true;
  radio.dispatchEvent(new Event("input", { bubbles: true }));
}

prepareAnnouncer();
document.documentElement.dataset.script = "on";
const savers = new Map([...document.querySelectorAll("form[data-autosave]")].map((form) => [form, new Autosaver(form)]));
document.addEventListener("input", (event) => savers.get(event.target.form)?.noteChange());
document.addEventListener("keydown", rateByKey);
window.addEventListener("beforeunload", (event) => {
  if ([...savers.values()].some((saver) => saver.isDirty)) event.preventDefault();
});
