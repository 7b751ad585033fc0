// Gathers everything written in a form as plain text and puts it on the clipboard.

function nameOf(input) {
  if (input.type === "radio") {
    return input.closest("fieldset")?.querySelector("legend")?.textContent ?? "";
  }
  return input.labels?.[0]?.textContent ?? "";
}

function valueOf(input) {
  if (input.type === "radio" || input.type === "checkbox") {
    return input.checked ? (input.labels?.[0]?.textContent ?? input.value) : "";
  }
  if (input.tagName === "SELECT") return input.value ? input.selectedOptions[0].text : "";
  return input.value;
}

/** Every answer with its question, in the order of the page. */
export function gatherAnswers(form) {
  return [...form.elements]
    .filter((input) => /^(a|typed)\./.test(input.name) && input.type !== "hidden")
    .map((input) => [nameOf(input).replace(/\s+/g, " ").trim(), valueOf(input).trim()])
    .filter(([, value]) => value)
    .map(([name, value]) => `${name}\n${value}`)
    .join("\n\n");
}

async function putOnClipboard(text) {
  // Inside an LMS's frame the clipboard may be closed to us; then the text is shown to be copied by hand.
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Make the "Copy all my answers" button of `form` work. */
export function offerCopy(form) {
  const button = form.querySelector("[data-copy-all]");
  const status = form.querySelector("[data-copy-status]");
  const box = form.querySelector("[data-copy-box]");
  button?.addEventListener("click", async () => {
    const text = gatherAnswers(form);
    if (await putOnClipboard(text)) {
      status.textContent = "Copied. You can paste it anywhere.";
      return;
    }
    const area = box.querySelector("textarea");
    box.hidden = false;
    area.value = text;
    area.focus();
    area.select();
    status.textContent = "Your answers are selected. Copy them from here.";
  });
}
