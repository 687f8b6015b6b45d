/**
 * Where the sentences of a piece of speech begin. Engines make sound and say nothing of the words in it: a sentence is
 * looked for where its share of the characters would have it, and begins behind a pause near that.
 */

const FRAME_SECONDS = 0.01;
const SOUND = 330; // of 32,768; below it is silence, whatever comes after it
const QUIET = 0.06; // of the loudest frame
const LEAST_PAUSE_SECONDS = 0.06;
const LONG_SECONDS = 0.6; // a pause that long is as good as any longer one
const WORTH = 6; // of a second of pause, against strain
const SPREAD = 0.12; // by which lengths of sentences usually differ from their share
const SPREAD_SECONDS = 0.15;
const PAUSE_CHARACTERS = 6; // as many as the pause behind a sentence lasts

/** How loud each hundredth of a second is. */
export class Envelope {
  #frames = [];
  #size;
  #peak = 0;
  #filled = 0;

  /** @param {number} rate Hz */
  constructor(rate) {
    this.#size = Math.round(rate * FRAME_SECONDS);
  }

  get frames() {
    return this.#frames;
  }

  get seconds() {
    return this.#frames.length * FRAME_SECONDS;
  }

  /** Seconds of silence before the first sound; null: there was none yet. */
  get onset() {
    const first = this.#frames.findIndex((peak) => peak > SOUND);
    return first < 0 ? null : first * FRAME_SECONDS;
  }

  /** @param {Int16Array} pcm */
  add(pcm) {
    for (const sample of pcm) {
      this.#peak = Math.max(this.#peak, Math.abs(sample));
      if (++this.#filled < this.#size) continue;
      this.#frames.push(this.#peak);
      this.#peak = this.#filled = 0;
    }
  }
}

/** @returns {string[]} sentences, which joined are the text */
export function sentencesOf(text, language) {
  return [...new Intl.Segmenter(language, { granularity: "sentence" }).segment(text)].map(({ segment }) => segment);
}

/**
 * Chooses a pause for the begin of each sentence such that all of them together last about as long as their characters
 * say, behind pauses as long as can be.
 * @param {string[]} sentences @param {Envelope} envelope of them all @returns {number[]} seconds at which each begins
 */
export function startsOf(sentences, envelope) {
  const characters = sentences.map((sentence) => sentence.trim().length + PAUSE_CHARACTERS);
  const perCharacter = envelope.seconds / (characters.reduce((sum, count) => sum + count, 0) || 1);
  const expected = characters.map((count) => count * perCharacter);
  const pauses = pausesOf(envelope);
  if (pauses.length < sentences.length - 1) return evenly(expected);
  const onset = envelope.onset ?? 0;
  let rows = [{ at: onset, cost: 0, path: [onset] }];
  for (let index = 1; index < sentences.length; index++) rows = next(rows, pauses, expected[index - 1]);
  const last = rows.map((row) => ({ ...row, cost: row.cost + strain(envelope.seconds - row.at, expected.at(-1)) }));
  return last.reduce((best, row) => (row.cost < best.cost ? row : best), { cost: Infinity, path: evenly(expected) }).path;
}

/** For each pause the best way to it, by one sentence more. */
function next(rows, pauses, expected) {
  return pauses.flatMap(({ at, seconds }) => {
    let best = null;
    for (const row of rows) {
      if (row.at >= at) break;
      const cost = row.cost + strain(at - row.at, expected) - WORTH * Math.min(seconds, LONG_SECONDS);
      if (best === null || cost < best.cost) best = { at, cost, path: [...row.path, at] };
    }
    return best ?? [];
  });
}

/** How far a sentence is from the length that it should have; 1 is usual. */
function strain(seconds, expected) {
  return ((seconds - expected) / (SPREAD * expected + SPREAD_SECONDS)) ** 2;
}

function evenly(expected) {
  let at = 0;
  return expected.map((seconds) => {
    const start = at;
    at += seconds;
    return start;
  });
}

/** Pauses within the sound, each with the time at which it ends. */
function pausesOf({ frames }) {
  const quiet = frames.reduce((most, frame) => Math.max(most, frame), 0) * QUIET;
  const pauses = [];
  let begin = 0;
  for (let frame = 0; frame <= frames.length; frame++) {
    if (frame < frames.length && frames[frame] <= quiet) continue;
    const seconds = (frame - begin) * FRAME_SECONDS;
    if (begin > 0 && frame < frames.length && seconds >= LEAST_PAUSE_SECONDS) pauses.push({ at: frame * FRAME_SECONDS, seconds });
    begin = frame + 1;
  }
  return pauses;
}
