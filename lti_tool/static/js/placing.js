// Sends the answer to the LMS by itself, and a choice once even when its button is pressed twice.

const answer = document.querySelector("[data-send-now]");
if (answer) answer.requestSubmit();

for (const form of document.querySelectorAll("[data-send-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.wasSent) event.preventDefault();
    form.dataset.wasSent = "yes";
  });
  // A page that the Back button brings out of the browser's memory can be sent again.
  window.addEventListener("pageshow", () => delete form.dataset.wasSent);
}
