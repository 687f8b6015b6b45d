/** Where words stand, whatever blanks are between them. @returns {[number, number]} */
export function located(text, words, after) {
  const pattern = words.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("\\s+");
  const found = words ? new RegExp(pattern, "u").exec(text.slice(after)) : null;
  if (found) return [after + found.index, after + found.index + found[0].length];
  const rest = text.slice(after);
  const ends = /[.!?…؟。！？]["'»)]*\s|\n/u.exec(rest.trimStart());
  const begin = after + rest.length - rest.trimStart().length;
  return [begin, ends ? begin + ends.index + 1 : text.length];
}
