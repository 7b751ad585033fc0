// Closes the frame in which a tool registers itself when the tool says it is done (Dynamic Registration 1.0, 3.8).
const main = document.getElementById("main");
const frame = document.querySelector("iframe.activity");
const done = document.getElementById("done");

addEventListener("message", (event) => {
  const isClose = typeof event.data === "object" && event.data?.subject === "org.imsglobal.lti.close";
  if (!isClose || event.origin !== main.dataset.origin || event.source !== frame?.contentWindow) return;
  frame.remove();
  done.hidden = false;
  done.focus();
});
