/** A text that somebody is writing stays in its field over other pages, a reload and another language: for this tab. */

import { keptForTab } from "./kept.js";

const MOST_CHARACTERS = 100_000; // a longer one is not kept: transcripts share the tab's storage

/**
 * @param {HTMLTextAreaElement} field which already shows what it shows without a draft
 * @param {string} name
 * @param {{read: Function, write: Function}} kept
 * @returns {() => void} keeps what stands there, where a script has put it there
 */
export function keepsDraft(field, name, kept = keptForTab) {
  const key = `stts.draft.${name}`;
  const draft = kept.read(key);
  const isUntouched = field.value === field.defaultValue; // or somebody was faster than the page
  if (draft !== null && isUntouched) field.value = draft;
  const keep = () => {
    const { value } = field;
    const isKept = value !== "" && value.length <= MOST_CHARACTERS && kept.write(key, value);
    if (!isKept) kept.write(key, null); // no older one in its place
  };
  field.addEventListener("input", keep);
  return keep;
}
