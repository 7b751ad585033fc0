// Lets a pick offer what its source rows say at this moment.

function nameRows(form, source, column) {
  const box = form.querySelector(`[data-row-box="${CSS.escape(source)}"]`);
  return [...(box?.querySelectorAll("[data-rows] > [data-row]") ?? [])]
    .map((row) => [row.dataset.row, form.elements[`a.${source}.${row.dataset.row}.${column}`]?.value.trim() ?? ""])
    .filter(([, name]) => name);
}

function refill(form, select) {
  const chosen = select.value;
  const named = nameRows(form, select.dataset.pickSource, select.dataset.pickColumn);
  const kept = [...select.options].find((option) => option.value === chosen);
  const options = named.map(([id, name]) => new Option(name, id));
  // Her own choice is never dropped because its row is empty for a moment; the server names what is missing.
  if (chosen && !named.some(([id]) => id === chosen)) options.push(new Option(kept.text, chosen));
  const none = select.options[0];
  none.text = options.length ? "Choose one" : "Nothing to choose from yet";
  select.replaceChildren(none, ...options);
  select.value = chosen;
  const words = select.parentElement.querySelector("[data-pick-words]");
  words.textContent = options.length ? words.dataset.some : words.dataset.none;
}

/** Keep every pick of `form` in step with the rows it picks from. */
export function followPicks(form) {
  const refresh = (only) => {
    for (const select of form.querySelectorAll("select[data-pick-source]")) {
      if (only === undefined || select.dataset.pickSource === only) refill(form, select);
    }
  };
  form.addEventListener("input", (event) => {
    const box = event.target.closest("[data-row-box]");
    if (box && !event.target.matches("select[data-pick-source]")) refresh(box.dataset.rowBox);
    // A row added to the picking field starts with the options the server knew when the page was made.
    if (event.target.matches("[data-rows]")) {
      for (const select of event.target.querySelectorAll("select[data-pick-source]")) refill(form, select);
    }
  });
}
