// Asks the LMS's page whether it can keep something for this tool (LTI platform storage), and says what it answered.

const PATIENCE_MS = 1000;
const place = document.querySelector("[data-storage-probe]");
const messageId = crypto.randomUUID();

const tell = (hasStorage) => {
  place.textContent = hasStorage ? place.dataset.some : place.dataset.none;
};

if (place) {
  const host = window.parent === window ? window.opener : window.parent;
  const timer = setTimeout(() => tell(false), PATIENCE_MS);
  window.addEventListener("message", (event) => {
    const { data } = event;
    if (event.source !== host || data?.subject !== "lti.capabilities.response" || data.message_id !== messageId) return;
    clearTimeout(timer);
    const subjects = (data.supported_messages ?? []).map((message) => message.subject);
    tell(subjects.includes("lti.put_data") && subjects.includes("lti.get_data"));
  });
  // The question holds nothing private; who may answer is checked above.
  host?.postMessage({ subject: "lti.capabilities", message_id: messageId }, "*");
}
