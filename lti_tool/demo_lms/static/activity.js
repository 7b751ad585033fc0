// The page around a tool's frame: answers its messages, as Canvas does (LTI client side postMessages).
import { isForUs, isStoring, readTreatment, refuse, send, store } from "./storage.js";

const main = document.getElementById("main");
const frame = document.querySelector("iframe.activity");
const treatment = readTreatment(main);
const LEAST_HEIGHT = 100;
const HIGHEST = 20000;

const acts = {
  "lti.frameResize": ({ height }) => {
    const number = Number.parseFloat(height);
    if (!Number.isFinite(number)) return false;
    const isShare = typeof height === "string" && height.endsWith("%");
    frame.style.height = isShare ? `${number}vh` : `${Math.min(Math.max(number, LEAST_HEIGHT), HIGHEST)}px`;
    return true;
  },
  "lti.scrollToTop": () => {
    scrollTo(0, 0);
    return true;
  },
  "lti.close": () => {
    location.assign(main.dataset.course);
    return true;
  },
  "lti.requestFullWindowLaunch": ({ data }) => {
    const url = typeof data === "string" ? data : data?.url;
    if (typeof url !== "string" || !main.dataset.launch) return false;
    const address = new URL(main.dataset.launch, location.href);
    address.searchParams.set("target", "window");
    address.searchParams.set("url", url);
    if (data?.launchType === "new_window") open(address, "_blank");
    else location.assign(address);
    return true;
  },
};

function listCapabilities() {
  const others = ["lti.capabilities", ...Object.keys(acts)].map((subject) => ({ subject }));
  if (!treatment.target) return others;
  const place = treatment.target === "_parent" ? {} : { frame: treatment.target };
  return [...others, { subject: "lti.put_data", ...place }, { subject: "lti.get_data", ...place }];
}

function answer(message, origin) {
  const { subject } = message;
  const described = { subject: `${subject}.response`, message_id: message.message_id };
  if (subject === "lti.capabilities") return { ...described, supported_messages: listCapabilities() };
  if (isStoring(subject) && treatment.target === "_parent") return store(message, origin, treatment);
  if (!Object.hasOwn(acts, subject)) return refuse(message, "unsupported_subject", "The LMS does not know this subject.");
  if (!treatment.origins.includes(origin)) return refuse(message, "wrong_origin", "No tool with this origin is registered.");
  return acts[subject](message) ? described : refuse(message, "bad_request", "Something in the message is wrong.");
}

function elsewhere(reply, origin) {
  frames["elsewhere"]?.postMessage({ frame: frame.name, reply, origin }, "*");
}

addEventListener("message", (event) => {
  if (!isForUs(event)) return;
  send(event, answer(event.data, event.origin), treatment, elsewhere);
});
