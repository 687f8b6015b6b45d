/** Splits a reply where it was cut off. Both texts may differ in their spaces; blanks around the reply are no part of it. */

/** @param {string} written all that was written @param {string} heard @returns {[string, string]} heard, not heard */
export function heardPart(written, heard) {
  const text = written.trim();
  const wanted = heard.replace(/\s+/g, "").length;
  if (wanted === 0) return ["", text];
  let seen = 0;
  let end = 0;
  while (end < text.length && seen < wanted) {
    if (!/\s/.test(text[end])) seen += 1;
    end += 1;
  }
  return [text.slice(0, end), text.slice(end)];
}
