// Answers storage messages in the LMS's place but from another origin, which a tool must not believe.
const { parentOrigin } = document.getElementById("main").dataset;

addEventListener("message", (event) => {
  if (event.origin !== parentOrigin) return;
  const { frame, reply, origin } = event.data;
  parent.frames[frame]?.postMessage(reply, origin);
});
