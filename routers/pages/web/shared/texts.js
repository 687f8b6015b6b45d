/** The words of the pages in the language of the document. */

const language = document.documentElement.lang;
const answer = await fetch(new URL(`../texts/${language}.json`, import.meta.url));
const texts = await answer.json();

export { language };

/** A text by its name, with `{places}` filled. @param {string} name @param {Record<string, string | number>} values */
export function text(name, values = {}) {
  return (texts[name] ?? name).replace(/\{(\w+)\}/g, (place, key) => String(values[key] ?? place));
}

/** @param {number} value @param {Intl.NumberFormatOptions} options */
export function number(value, options = {}) {
  return new Intl.NumberFormat(language, options).format(value);
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
