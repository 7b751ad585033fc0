// Adds, removes and moves rows in the page. Without this file the same buttons ask the server.

import { announce } from "./announce.js";

function list(box) {
  return box.querySelector("[data-rows]");
}

function rowsOf(box) {
  return [...list(box).children];
}

/** Give every row its number and its buttons their bounds; the hidden ids in the rows carry their order. */
function renumber(box) {
  const rows = rowsOf(box);
  rows.forEach((row, index) => {
    for (const place of row.querySelectorAll("[data-row-number]")) place.textContent = String(index + 1);
    for (const button of row.querySelectorAll('button[name="do"]')) {
      const verb = button.value.split(":", 1)[0];
      button.disabled = (verb === "up" && index === 0) || (verb === "down" && index === rows.length - 1);
    }
  });
  const isFull = rows.length >= Number(box.dataset.maxRows);
  box.querySelector('button[name="do"][value^="add:"]').disabled = isFull;
  box.querySelector("[data-full-note]").hidden = !isFull;
  list(box).dispatchEvent(new Event("input", { bubbles: true }));
}

function makeRowId() {
  return `n${crypto.getRandomValues(new Uint32Array(2)).reduce((text, part) => text + part.toString(36), "")}`;
}

function makeRow(box) {
  const row = box.querySelector("template[data-row-template]").content.firstElementChild.cloneNode(true);
  const id = makeRowId();
  for (const element of [row, ...row.querySelectorAll("*")]) {
    for (const attribute of element.attributes) {
      if (attribute.value.includes("__row__")) attribute.value = attribute.value.replaceAll("__row__", id);
    }
  }
  return row;
}

function focusFirst(row) {
  row.querySelector("input:not([type=hidden]), select, textarea").focus();
}

function add(box) {
  const row = makeRow(box);
  list(box).append(row);
  renumber(box);
  focusFirst(row);
  announce(`${box.dataset.rowName} ${rowsOf(box).length} added.`);
}

function isEmpty(row) {
  return [...row.querySelectorAll("input:not([type=hidden]), select, textarea")].every((input) =>
    input.type === "radio" || input.type === "checkbox" ? !input.checked : !input.value.trim());
}

function offerUndo(box, row, position, name) {
  const note = box.querySelector("[data-undo]");
  note.replaceChildren(`${name} was removed. `);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--small";
  button.textContent = `Bring ${name} back`;
  button.addEventListener("click", () => {
    list(box).insertBefore(row, rowsOf(box)[position] ?? null);
    note.replaceChildren();
    renumber(box);
    focusFirst(row);
    announce(`${name} is back.`);
  });
  note.append(button);
}

function remove(box, row) {
  const position = rowsOf(box).indexOf(row);
  const name = `${box.dataset.rowName} ${position + 1}`;
  row.remove();
  const rows = rowsOf(box);
  if (!isEmpty(row)) offerUndo(box, row, position, name);
  renumber(box);
  const next = rows[position] ?? rows[position - 1];
  if (next) focusFirst(next);
  else box.querySelector('button[name="do"][value^="add:"]').focus();
  announce(`${name} removed. ${rows.length} left.`);
}

function move(box, row, button, step) {
  const rows = rowsOf(box);
  const target = rows.indexOf(row) + step;
  if (target < 0 || target >= rows.length) return;
  list(box).insertBefore(row, step < 0 ? rows[target] : rows[target].nextSibling);
  renumber(box);
  const buttons = [...row.querySelectorAll('button[name="do"]')];
  (button.disabled ? buttons.find((other) => !other.disabled) : button).focus();
  announce(`Moved. This is now ${box.dataset.rowName} ${target + 1} of ${rows.length}.`);
}

/** Whether anything points to `row`: another plan, by the server's word, or a pick on this page. */
function isUsed(form, box, row) {
  const picks = form.querySelectorAll(`select[data-pick-source="${CSS.escape(box.dataset.rowBox)}"]`);
  return "used" in row.dataset || [...picks].some((select) => select.value === row.dataset.row && !row.contains(select));
}

function firstText(row) {
  return row.querySelector("textarea[data-unit=characters], .textarea--line, input[type=text]:not([name^='typed.'])");
}

/** A list pasted into the first answer of a row makes a row of each line, as far as there is room. */
function pasteList(event) {
  const row = event.target.closest("[data-row]");
  const box = row?.closest("[data-row-box]");
  if (!box || event.target !== firstText(row) || event.target.value.trim()) return;
  const lines = event.clipboardData.getData("text").split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
  if (lines.length < 2) return;
  event.preventDefault();
  const places = rowsOf(box).slice(rowsOf(box).indexOf(row)).filter((other) => !firstText(other).value.trim());
  while (places.length < lines.length && rowsOf(box).length < Number(box.dataset.maxRows)) {
    const added = makeRow(box);
    list(box).append(added);
    places.push(added);
  }
  const filled = places.slice(0, lines.length);
  // What finds no room stays in the last row, for her to sort out: a pasted word is never dropped.
  filled.forEach((other, index) => {
    firstText(other).value = index === filled.length - 1 ? lines.slice(index).join("; ") : lines[index];
  });
  renumber(box);
  firstText(filled.at(-1)).focus();
  announce(`${filled.length} rows filled from your list.`);
}

/** Let the row buttons of `form` work in the page. */
export function handleRows(form) {
  form.addEventListener("paste", pasteList);
  form.addEventListener("click", (event) => {
    const button = event.target.closest('button[name="do"]');
    const box = button?.closest("[data-row-box]");
    const verb = button?.value.split(":", 1)[0];
    if (!box || !["add", "remove", "up", "down"].includes(verb)) return;
    const row = button.closest("[data-row]");
    // The server asks first, and shows where the row is used.
    if (verb === "remove" && isUsed(form, box, row)) return;
    event.preventDefault();
    if (verb === "add") add(box);
    else if (verb === "remove") remove(box, row);
    else move(box, row, button, verb === "up" ? -1 : 1);
  });
}
