// The hidden frame: takes a tool's storage messages and answers them, and knows nothing else.
import { isForUs, isStoring, readTreatment, refuse, send, store } from "./storage.js";

const treatment = readTreatment(document.getElementById("main"));

function elsewhere(reply, origin) {
  parent.frames["elsewhere"]?.postMessage({ frame: "activity", reply, origin }, "*");
}

addEventListener("message", (event) => {
  if (!isForUs(event)) return;
  const message = event.data;
  const reply = isStoring(message.subject)
    ? store(message, event.origin, treatment)
    : refuse(message, "unsupported_subject", "This frame stores and does nothing else.");
  send(event, reply, treatment, elsewhere);
});
