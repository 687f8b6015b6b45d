/** Changes the rate of a stream of samples: a windowed sinc whose cut-off lies below the lower of the two rates. */

const CROSSINGS = 24; // zero crossings of the sinc on either side: -80 dB beyond the transition
const PHASES = 256; // positions between two input samples, interpolated
const ROLL_OFF = 0.92; // of the lower Nyquist frequency
const BETA = 8.6; // of the Kaiser window

export class Resampler {
  #step;
  #half;
  #taps;
  #table;
  #input = new Float32Array(0);
  #at;

  /** @param {number} from Hz @param {number} to Hz */
  constructor(from, to) {
    const cutoff = Math.min(1, to / from) * ROLL_OFF;
    this.#step = from / to;
    this.#half = Math.ceil(CROSSINGS / cutoff);
    this.#taps = 2 * this.#half;
    this.#table = table(this.#half, cutoff);
    this.#input = new Float32Array(this.#half - 1);
    this.#at = this.#half - 1;
  }

  /** What can be made of the samples so far. @param {Float32Array} samples @returns {Float32Array} */
  process(samples) {
    const input = joined(this.#input, samples);
    const count = Math.max(0, Math.ceil((input.length - this.#half - this.#at) / this.#step));
    const output = new Float32Array(count);
    for (let index = 0; index < count; index++) output[index] = this.#sample(input, this.#at + index * this.#step);
    const next = this.#at + count * this.#step;
    const gone = Math.min(Math.max(0, Math.floor(next) - this.#half + 1), input.length);
    this.#input = input.slice(gone);
    this.#at = next - gone;
    return output;
  }

  #sample(input, position) {
    const whole = Math.floor(position);
    const phase = (position - whole) * PHASES;
    const low = Math.floor(phase);
    const part = phase - low;
    const first = whole - this.#half + 1;
    const row = low * this.#taps;
    let sum = 0;
    for (let tap = 0; tap < this.#taps; tap++) {
      const weight = this.#table[row + tap] * (1 - part) + this.#table[row + this.#taps + tap] * part;
      sum += input[first + tap] * weight;
    }
    return sum;
  }
}

/** One row of weights for each phase, and one more to interpolate to. */
function table(half, cutoff) {
  const taps = 2 * half;
  const rows = new Float32Array((PHASES + 1) * taps);
  for (let phase = 0; phase <= PHASES; phase++) {
    for (let tap = 0; tap < taps; tap++) {
      const distance = tap - half + 1 - phase / PHASES;
      rows[phase * taps + tap] = cutoff * sinc(distance * cutoff) * kaiser(distance / half);
    }
  }
  return rows;
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x) {
  return Math.abs(x) >= 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
}

/** Modified Bessel function of the first kind, order zero. */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-10 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function joined(before, after) {
  const all = new Float32Array(before.length + after.length);
  all.set(before);
  all.set(after, before.length);
  return all;
}
