/** The words of the pages in the language of the document, which may become another one while it is open. */

let language = document.documentElement.lang;
let texts = await wordsOf(language);

export { language };

/** @param {string} other language @returns {Promise<Record<string, string>>} its texts by name */
export async function wordsOf(other) {
  const answer = await fetch(new URL(`../texts/${other}.json`, import.meta.url));
  return answer.json();
}

/** From now on the pages speak another language. @param {string} other @param {Record<string, string>} words */
export function speak(other, words) {
  language = other;
  texts = words;
}

/** A text by its name, with `{places}` filled. @param {string} name @param {Record<string, string | number>} values */
export function text(name, values = {}) {
  return (texts[name] ?? name).replace(/\{(\w+)\}/g, (place, key) => String(values[key] ?? place));
}

/** @param {number} value @param {Intl.NumberFormatOptions} options */
export function number(value, options = {}) {
  return new Intl.NumberFormat(language, options).format(value);
}

/** Seconds in the unit that fits. @param {"short" | "long"} unitDisplay */
export function duration(seconds, unitDisplay = "short") {
  const [value, unit] = seconds < 1 ? [seconds * 1000, "millisecond"] : seconds < 120 ? [seconds, "second"] : [seconds / 60, "minute"];
  return number(value, { style: "unit", unit, unitDisplay, maximumFractionDigits: unit === "millisecond" ? 0 : 1 });
}

/** Names, as a sentence lists them. @param {string[]} names */
export function list(names) {
  return new Intl.ListFormat(language).format(names);
}

/** Bytes in the unit that fits. */
export function bytes(value) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return number(value / 1000 ** step, { style: "unit", unit: units[step], maximumFractionDigits: step ? 1 : 0 });
}

/** Seconds as `1:02:03`. */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] > 0 ? parts : parts.slice(1);
  return shown.map((part, index) => number(part, { minimumIntegerDigits: index ? 2 : 1, useGrouping: false })).join(":");
}
