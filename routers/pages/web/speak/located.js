/**
 * Where spoken words stand in a text. What is spoken may be written otherwise: without the marks of Markdown, without tags,
 * without the beginning of a link.
 */

const LOOKED_AHEAD = 40; // words beside those of the piece: a tag or a link that is left out has some
const ENDS = /[.!?…؟。！？]["'»)]*$/u; // of a sentence
const MOST_WORDS = 400; // that are matched one by one

/** Where words stand, whatever blanks are between them. @returns {[number, number]} the same place twice: nowhere */
export function located(text, words, after) {
  const pattern = words.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("\\s+");
  const found = words ? new RegExp(pattern, "u").exec(text.slice(after)) : null;
  if (found) return [after + found.index, after + found.index + found[0].length];
  const spoken = wordsOf(words).slice(0, MOST_WORDS);
  const written = places(text, after, spoken.length + LOOKED_AHEAD);
  const matches = aligned(spoken, written.map(({ word }) => word));
  const known = matches.filter((index) => index >= 0);
  // Words that are spoken behind the last known one are written there in some other way: as many, within the sentence.
  let last = known.at(-1) ?? -1;
  for (let rest = spoken.length - 1 - (known.length > 0 ? matches.lastIndexOf(last) : -1); rest > 0 && last + 1 < written.length; rest--) {
    if (last >= 0 && ENDS.test(written[last].word)) break;
    last += 1;
  }
  return last < 0 ? [after, after] : [written[known[0] ?? 0].from, written[last].to];
}

/** @returns {string[]} */
export function wordsOf(text) {
  return text.split(/\s+/u).filter(Boolean);
}

/**
 * Pairs words such that as many as can be are the same, in their order, as early as can be.
 * @param {string[]} spoken @param {string[]} written @returns {number[]} for each spoken word a written one, or -1
 */
export function aligned(spoken, written) {
  const one = spoken.map(plain);
  const other = written.map(plain);
  const width = other.length + 1;
  const best = new Uint16Array((one.length + 1) * width); // most pairs of what is left of both
  for (let row = one.length - 1; row >= 0; row--) {
    for (let column = other.length - 1; column >= 0; column--) {
      const place = row * width + column;
      best[place] = one[row] === other[column] ? best[place + width + 1] + 1 : Math.max(best[place + width], best[place + 1]);
    }
  }
  let column = 0;
  return one.map((word, row) => {
    for (let at = column; at < other.length && best[row * width + at] === best[row * width + column]; at++) {
      if (word !== other[at] || best[row * width + at] !== best[(row + 1) * width + at + 1] + 1) continue;
      column = at + 1;
      return at;
    }
    return -1;
  });
}

/** A word by which it is known again; signs alone are themselves. */
function plain(word) {
  const bare = word.replace(/<[^<>]*>/gu, "").replace(/^https?:\/\//u, "").replace(/(?<=\S)[?#]\S*$/u, "");
  return bare.replace(/[^\p{L}\p{N}\p{M}]/gu, "").toLowerCase() || word;
}

/** Words of a text behind a place, so many at most. */
function places(text, after, most) {
  const found = [];
  for (const { 0: word, index } of text.slice(after, after + most * 100).matchAll(/\S+/gu)) {
    if (found.push({ word, from: after + index, to: after + index + word.length }) >= most) break;
  }
  return found;
}
