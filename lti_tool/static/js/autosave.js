// Saves a writing form by itself: after a pause, again after a failure, and never over somebody's newer version.

const PAUSE = 1500;
const LONGEST_UNSAVED = 15000;
const FIRST_RETRY = 2000;
const LONGEST_RETRY = 30000;
const ANSWER_WITHIN = 15000;
const BEACON_LIMIT = 60000;

const SAVED = "saved";
const REFUSED = "refused";
const FAILED = "failed";

/** What `fetch` needs for this form as it stands. */
function pack(form) {
  const body = new URLSearchParams(new FormData(form));
  body.delete("do");
  return body;
}

/**
 * Follow `form` and tell `listener` what happens: unsaved, saving, saved(at), offline, failed, conflict(answer),
 * lost, refused(message).
 */
export class Autosave {
  constructor(form, listener) {
    this.form = form;
    this.listener = listener;
    this.dirty = false;
    this.saving = null;
    this.stopped = false;
    this.failures = 0;
    this.firstUnsaved = 0;
    this.timer = 0;
    this.outcome = SAVED;
    this.isChecked = false;
    this.isDeciding = false;
    this.isLost = false;
    form.addEventListener("input", () => this.touch());
    form.addEventListener("change", () => this.touch());
    form.addEventListener("submit", (event) => this.letGo(event));
    window.addEventListener("online", () => this.dirty && this.save());
    window.addEventListener("beforeunload", (event) => {
      if (this.dirty || this.saving) event.preventDefault();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && this.dirty) this.save({ keepalive: true });
    });
  }

  /** Something was typed: save when the typing pauses, or when it has gone on for long. */
  touch() {
    if (!this.dirty) this.firstUnsaved = Date.now();
    this.dirty = true;
    if (this.stopped) return;
    const wait = Math.min(PAUSE, Math.max(0, this.firstUnsaved + LONGEST_UNSAVED - Date.now()));
    this.plan(wait);
    if (!this.saving && !this.failures) this.listener.unsaved();
  }

  plan(wait) {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.save(), wait);
  }

  /** Two versions are shown: she decides first, and her button sends what she chose. */
  waitForDecision() {
    this.isDeciding = true;
    this.stop();
  }

  stop() {
    this.stopped = true;
    window.clearTimeout(this.timer);
  }

  /** Save now; a save that is under way is waited for and followed by another if something changed meanwhile. */
  async save({ keepalive = false } = {}) {
    if (this.stopped) return;
    const hadToWait = Boolean(this.saving);
    while (this.saving) await this.saving;
    if (this.stopped || (hadToWait && !this.dirty)) return;
    window.clearTimeout(this.timer);
    this.saving = this.send(keepalive);
    await this.saving;
    this.saving = null;
  }

  async send(keepalive) {
    const body = pack(this.form);
    this.dirty = false;
    if (!this.failures) this.listener.saving();
    try {
      const answer = await fetch(this.form.dataset.autosave, {
        method: "POST",
        body,
        headers: { Accept: "application/json" },
        keepalive: keepalive && body.toString().length < BEACON_LIMIT,
        signal: AbortSignal.timeout(ANSWER_WITHIN),
      });
      await this.hear(answer);
    } catch {
      this.tryAgain(() => this.listener.offline());
    }
  }

  async hear(answer) {
    const data = await answer.json().catch(() => ({}));
    if (answer.ok && data.version !== undefined) {
      this.failures = 0;
      this.outcome = SAVED;
      this.form.elements.version.value = String(data.version);
      this.form.dispatchEvent(new CustomEvent("draft:saved", { detail: data }));
      if (this.dirty) this.listener.unsaved();
      else this.listener.saved(new Date(data.saved_at));
    } else if (answer.status === 409 && data.panel !== undefined) {
      this.isDeciding = true;
      this.giveUp(() => this.listener.conflict(data));
    } else if (answer.status === 401 || answer.status === 403) {
      this.isLost = true;
      this.giveUp(() => this.listener.lost());
    } else if (answer.status >= 500 || answer.status === 429 || answer.ok) {
      this.tryAgain(() => this.listener.failed());
    } else {
      // It stays unsaved, and is tried again as soon as she changes something.
      this.dirty = true;
      this.failures = 0;
      this.outcome = REFUSED;
      this.listener.refused(data.message ?? "");
    }
  }

  tryAgain(tell) {
    this.dirty = true;
    this.outcome = FAILED;
    this.failures += 1;
    tell();
    this.plan(Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(this.failures - 1, 6)));
  }

  giveUp(tell) {
    this.dirty = true;
    this.stop();
    tell();
  }

  /**
   * A button was pressed. Before the page is left, the text is saved from it, so that a lost session, a lost
   * connection or a newer version is told here, where her words still are, and not on a page without them.
   */
  letGo(event) {
    window.clearTimeout(this.timer);
    if (this.isChecked || this.isDeciding) {
      this.leave();
      return;
    }
    event.preventDefault();
    if (this.isLost) {
      this.listener.lost();
      return;
    }
    const { submitter } = event;
    this.save().then(() => {
      const staysHere = this.dirty && this.outcome !== REFUSED;
      if (staysHere || (submitter?.value === "save" && this.outcome !== REFUSED)) return;
      this.isChecked = true;
      this.form.requestSubmit(submitter);
    });
  }

  leave() {
    this.stopped = true;
    this.dirty = false;
  }
}
