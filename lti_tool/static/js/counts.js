// Keeps the count under a text true while its author types.

import { announce } from "./announce.js";

const SPOKEN_AFTER = 2000;
const SHOWN_FROM = 0.8;

// Chinese and Japanese are written without spaces, so each of their characters counts as a word.
const UNSPACED = new RegExp(
  "[\\u3005-\\u3007\\u3041-\\u3096\\u309d-\\u309f\\u30a1-\\u30fa\\u30fc-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff" +
  "\\uf900-\\ufaff\\uff66-\\uff9f\\u{20000}-\\u{3ffff}]", "gu");

/** Words as the server counts them: what stands between spaces or dashes and holds a letter or a digit. */
export function countWords(text) {
  return text
    .replace(/[\u2013\u2014]/g, " ")
    .replace(UNSPACED, " x ")
    .split(/\s+/u)
    .filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** Characters as people count them, not UTF-16 halves. */
export function countCharacters(text) {
  return [...text].length;
}

function describeWords(count, low, high) {
  const words = `${count} ${count === 1 ? "word" : "words"}`;
  if (count > high * 1.1) return ["over", low ? `${words}. The range is ${low} to ${high}.` : `${words}. The most is ${high}.`];
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
