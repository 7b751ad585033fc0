// Tells the LMS that registration is over, so that it closes this window (Dynamic Registration 1.0, 3.8).

const close = () => {
  const opener = window.opener || (window.parent === window ? null : window.parent);
  // Nothing private is in the message, and the page of the LMS may be at an address we do not know.
  opener?.postMessage({ subject: "org.imsglobal.lti.close" }, "*");
};

const button = document.querySelector("[data-close-window]");
if (button && (window.opener || window.parent !== window)) {
  button.hidden = false;
  button.addEventListener("click", close);
}
