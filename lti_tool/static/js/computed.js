// Puts what the server worked out from the saved draft in place of what the page showed before.

/** Keep the computed fields of `form` in step with its saved draft. */
export function followComputed(form) {
  form.addEventListener("draft:saved", (event) => {
    for (const box of form.querySelectorAll("[data-computed]")) {
      const newest = event.detail.computed?.[box.dataset.computed];
      if (newest === undefined || newest === box.newest) continue;
      const isOpen = box.querySelector("details")?.open ?? false;
      box.newest = newest;
      box.innerHTML = newest;
      const table = box.querySelector("details");
      if (table) table.open = isOpen;
    }
  });
}
