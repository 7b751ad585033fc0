// Asks the LMS's page to keep a few bytes for us or to give them back (LTI client side postMessages, platform storage).

const PATIENCE = 1000;
const AGAIN_AFTER = 200;

// The window that stores: the page around our frame, or one of its frames, which the LMS named. In a tab of its own a
// window is its own parent; then the page that opened it is meant.
function findWindow(name) {
  const host = window.parent === window ? window.opener : window.parent;
  if (!host || name === "_parent") return host;
  try {
    return host.frames[name] ?? null;
  } catch {
    return null; // what is not there may not be looked for in another site's page
  }
}

function isAnswer(event, message, origin, target) {
  const data = event.data;
  return (
    event.origin === origin &&
    (event.source === null || event.source === target) &&
    typeof data === "object" &&
    data !== null &&
    data.message_id === message.message_id &&
    data.subject === `${message.subject}.response`
  );
}

/**
 * Send a message until it is answered; null when no answer came within a second, or when the answer is an error.
 * `place` says which window (`target`), at which origin exactly (`origin`), and under which key (`key`).
 */
export function ask(place, subject, more = {}) {
  const origin = new URL(place.origin).origin;
  const id = Array.from(crypto.getRandomValues(new Uint32Array(4)), (number) => number.toString(16)).join("-");
  const message = { subject, message_id: id, key: place.key, ...more };
  return new Promise((resolve) => {
    const answer = (event) => {
      if (isAnswer(event, message, origin, findWindow(place.target))) finish(event.data.error ? null : event.data);
    };
    // Said again meanwhile: the frame that stores may be loading still, and doing it twice changes nothing.
    const say = () => findWindow(place.target)?.postMessage(message, origin);
    const finish = (outcome) => {
      window.removeEventListener("message", answer);
      window.clearInterval(repeating);
      window.clearTimeout(waiting);
      resolve(outcome);
    };
    window.addEventListener("message", answer);
    const repeating = window.setInterval(say, AGAIN_AFTER);
    const waiting = window.setTimeout(() => finish(null), PATIENCE);
    say();
  });
}
