// Keeps the count under a text true while its author types.

import { announce } from "./announce.js";

const SPOKEN_AFTER = 2000;
const SHOWN_FROM = 0.8;

/** Words as the server counts them. */
export function countWords(text) {
  const words = text.trim();
  return words ? words.split(/\s+/u).length : 0;
}

/** Characters as people count them, not UTF-16 halves. */
export function countCharacters(text) {
  return [...text].length;
}

function describeWords(count, low, high) {
  const words = `${count} ${count === 1 ? "word" : "words"}`;
  if (count > high * 1.1) return ["over", `${words}. The range is ${low ? `${low} to ${high}` : `up to ${high}`}.`];
  if (count && count < low * 0.9) return ["under", `${words}. The range is ${low} to ${high}.`];
  return ["inside", low ? `${words}, in a range of ${low} to ${high}` : `${words}, up to ${high}`];
}

function describeCharacters(count, high) {
  if (count > high) return ["over", `${count} of ${high} characters. Please shorten it by ${count - high}.`];
  return ["inside", count >= high * SHOWN_FROM ? `${count} of ${high} characters` : ""];
}

function refresh(input, timers) {
  const line = document.getElementById(`${input.id}-count`);
  if (!line) return;
  const { low, high, unit } = line.dataset;
  const [range, words] = unit === "words"
    ? describeWords(countWords(input.value), Number(low), Number(high))
    : describeCharacters(countCharacters(input.value), Number(high));
  line.textContent = words;
  if (line.dataset.range === range) return;
  line.dataset.range = range;
  window.clearTimeout(timers.get(input));
  timers.set(input, window.setTimeout(() => announce(words), SPOKEN_AFTER));
}

/** Follow every counted text inside `form`, those of rows added later too. */
export function followCounts(form) {
  const timers = new Map();
  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-counted]")) refresh(event.target, timers);
  });
}
