// Remembers in which part she writes, so that the session's page can say where she stopped.

/** Keep the form's hidden `place` at the part that was last typed in. */
export function followPlace(form) {
  form.addEventListener("input", (event) => {
    const part = event.target.closest("[data-part]");
    if (part) form.elements.place.value = part.dataset.part;
  });
}
