// Keeps small data for tools, each origin's apart, and words the answers (LTI client side postMessages, storage).
const LONGEST_CHARACTERS = 4096;
const MOST_KEYS = 500;
const STORING = ["lti.put_data", "lti.get_data"];

export const isStoring = (subject) => STORING.includes(subject);

// The settings the LMS wrote into a page's <main>.
export function readTreatment(element) {
  const { origins, habit, slow, target } = element.dataset;
  return { origins: origins.split(" "), habit, slow: Number(slow), target };
}

export function isForUs(event) {
  const data = event.data;
  const isMessage = typeof data === "object" && data !== null && typeof data.subject === "string";
  return isMessage && data.subject.startsWith("lti.") && event.origin !== location.origin && event.source !== null;
}

export function refuse(message, code, words) {
  return { subject: `${message.subject}.response`, message_id: message.message_id, error: { code, message: words } };
}

// What is answered to lti.put_data or lti.get_data from this origin.
export function store(message, origin, treatment) {
  if (!treatment.origins.includes(origin)) {
    return refuse(message, "wrong_origin", "No tool with this origin is registered here.");
  }
  const { key, value, message_id: id } = message;
  if (typeof id !== "string" || typeof key !== "string" || !id || !key) {
    return refuse(message, "bad_request", "message_id and key have to be text.");
  }
  const isPut = message.subject === "lti.put_data";
  if (treatment.habit === "errors") {
    return isPut
      ? refuse(message, "storage_exhaustion", "The LMS was told to answer with errors.")
      : refuse(message, "bad_request", "The LMS was told to answer with errors.");
  }
  return isPut ? put(message, origin, key, value) : { ...describe(message), key, value: read(origin, key) };
}

// Sends an answer as the LMS's habit has it: at once, late, or from another origin.
export function send(event, reply, treatment, elsewhere) {
  if (treatment.habit === "silent") return;
  const deliver = () => {
    if (treatment.habit === "wrong_origin" && elsewhere) elsewhere(reply, event.origin);
    else event.source.postMessage(reply, event.origin);
  };
  if (treatment.habit === "slow") setTimeout(deliver, treatment.slow);
  else deliver();
}

function put(message, origin, key, value) {
  const name = nameOf(origin, key);
  if (value === undefined || value === null) {
    localStorage.removeItem(name);
    return { ...describe(message), key, value: null };
  }
  if (typeof value !== "string") return refuse(message, "bad_request", "value has to be text.");
  const isNew = localStorage.getItem(name) === null;
  if (value.length > LONGEST_CHARACTERS || key.length > LONGEST_CHARACTERS || (isNew && count(origin) >= MOST_KEYS)) {
    return refuse(message, "storage_exhaustion", "There is no room for this.");
  }
  localStorage.setItem(name, value);
  return { ...describe(message), key, value };
}

function read(origin, key) {
  return localStorage.getItem(nameOf(origin, key));
}

function count(origin) {
  return Object.keys(localStorage).filter((name) => name.startsWith(nameOf(origin, ""))).length;
}

const nameOf = (origin, key) => `lti|platform_storage|${origin}|${key}`;
const describe = (message) => ({ subject: `${message.subject}.response`, message_id: message.message_id });
