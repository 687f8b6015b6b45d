/** Who said what, for words that are there already and stay as they are. */

/**
 * @param {{start: number, end: number}[]} segments with the words @param {{start: number, end: number, speaker: string}[]} told by the server
 * @returns {object[]} the segments, each with the speaker who speaks longest in it, or who is nearest
 */
export function labelled(segments, told) {
  return segments.map((segment) => ({ ...segment, speaker: longest(segment, told) ?? segment.speaker }));
}

function longest({ start, end }, told) {
  const seconds = new Map();
  for (const { speaker, ...turn } of told) {
    const together = Math.min(end, turn.end) - Math.max(start, turn.start); // below zero: how far away it is
    const before = seconds.get(speaker);
    seconds.set(speaker, together > 0 ? Math.max(before ?? 0, 0) + together : Math.max(before ?? -Infinity, together));
  }
  return [...seconds].reduce((best, each) => (best === null || each[1] > best[1] ? each : best), null)?.[0];
}
