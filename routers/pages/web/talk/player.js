/**
 * Plays replies without gaps: every frame is scheduled on the audio clock where the one before it ends. What is not
 * played yet can be dropped at once. Frames of a reply that was dropped, or of one older than the newest, are ignored.
 */

const LEAD = 0.02; // seconds between the arrival of a first frame and its start
const FADE = 0.01; // seconds in which a reply that is dropped falls silent
const DUCKED = 0.15; // of full level, while somebody may be speaking
const DUCKING = 0.03; // seconds, time constant
const TELL_MS = 100; // between two words on how much was played
const ODD_SECONDS = 0.3; // between two clocks that do not belong together, as after a rest
// Gecko asks the device for the way to the ear while it holds what the sound waits for: the tab may stand still for ever.
const MAY_NOT_BE_ASKED = /\bGecko\/\d/.test(globalThis.navigator?.userAgent ?? "");
const USUAL_LATENCY = 0.05; // seconds to the ear there, as it tells when it answers

export class Player {
  #rate;
  #onPlayed;
  #context = null;
  #meter = null;
  #window = new Float32Array(1024);
  #reply = null;
  #newest = 0;
  #dropped = new Set();
  #timer = 0;
  #element = new Audio();
  #source = null;

  /** @param {number} rate Hz of the frames @param {(generation: number, seconds: number) => void} onPlayed */
  constructor(rate, onPlayed) {
    this.#rate = rate;
    this.#onPlayed = onPlayed;
  }

  /** To be called where the user has just done something: browsers start no sound without. */
  async open() {
    if (this.#context === null) {
      this.#context = new AudioContext({ sampleRate: this.#rate });
      this.#meter = new AnalyserNode(this.#context, { fftSize: this.#window.length });
      this.#meter.connect(this.#context.destination);
    }
    if (this.#context.state !== "running") await this.#context.resume();
  }

  /** Gives the loudspeaker back. */
  close() {
    this.reset();
    this.follow(null);
    this.#context?.close();
    this.#context = this.#meter = null;
  }

  /** Plays a stream that somebody else makes, or none. @param {MediaStream | null} stream */
  follow(stream) {
    this.#source?.disconnect();
    this.#source = null;
    this.#element.srcObject = stream;
    if (stream === null || this.#context === null) return;
    // Browsers decode a stream that comes from elsewhere only where an element plays it.
    this.#element.muted = true;
    this.#element.play();
    this.#source = this.#context.createMediaStreamSource(stream);
    this.#source.connect(this.#meter);
  }

  /** RMS of what comes out now. */
  get level() {
    if (this.#meter === null) return 0;
    this.#meter.getFloatTimeDomainData(this.#window);
    return Math.sqrt(this.#window.reduce((sum, sample) => sum + sample * sample, 0) / this.#window.length);
  }

  /** Seconds of the current reply that have come out of the loudspeaker. */
  get position() {
    return this.#reply?.played() ?? 0;
  }

  /** Forgets all replies: another connection counts them anew. */
  reset() {
    this.drop(this.#newest);
    this.#newest = 0;
    this.#dropped.clear();
  }

  /** @param {number} generation @param {Int16Array} pcm @returns {number} seconds until it is heard, or -1: ignored */
  play(generation, pcm) {
    if (this.#context === null || generation < this.#newest || this.#dropped.has(generation)) return -1;
    if (this.#reply?.generation !== generation) this.#begin(generation, 0);
    this.#newest = generation;
    const seconds = this.#reply.add(this.#buffer(pcm));
    this.#timer ||= setInterval(() => this.#tell(), TELL_MS);
    return seconds;
  }

  /** Drops what is not played of a reply; nothing more of it is played unless it is resumed. */
  drop(generation) {
    this.#dropped.add(generation);
    if (this.#reply?.generation !== generation) return;
    this.#tell();
    this.#reply?.end();
    this.#rest();
  }

  /** A dropped reply goes on. @param {number} seconds of it that were heard before */
  resume(generation, seconds) {
    this.#dropped.delete(generation);
    if (this.#context !== null) this.#begin(generation, seconds);
  }

  duck(generation) {
    if (this.#reply?.generation === generation) this.#reply.level(DUCKED);
  }

  unduck(generation) {
    if (this.#reply?.generation === generation) this.#reply.level(1);
  }

  #begin(generation, seconds) {
    this.#reply?.end();
    this.#reply = new Reply(this.#context, this.#meter, generation, seconds);
  }

  #buffer(pcm) {
    const buffer = this.#context.createBuffer(1, pcm.length, this.#rate);
    const samples = buffer.getChannelData(0);
    for (let index = 0; index < pcm.length; index++) samples[index] = pcm[index] / 32768;
    return buffer;
  }

  #tell() {
    const reply = this.#reply;
    if (reply === null) return;
    this.#onPlayed(reply.generation, reply.played());
    if (reply.isPlayed) this.#pause();
  }

  #rest() {
    this.#reply = null;
    this.#pause();
  }

  #pause() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }
}

/** One reply: its frames on the clock, and how much of them has come out of the loudspeaker. */
class Reply {
  #context;
  #gain;
  #frames = [];
  #at = 0;
  #done;

  constructor(context, output, generation, seconds) {
    this.generation = generation;
    this.#context = context;
    this.#done = seconds;
    this.#gain = new GainNode(context);
    this.#gain.connect(output);
  }

  get isPlayed() {
    return this.#frames.length === 0;
  }

  /** Seconds until it is heard. */
  add(buffer) {
    const now = this.#context.currentTime;
    const heard = heardNow(this.#context);
    this.#at = this.#at > now ? this.#at : now + LEAD;
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(this.#gain);
    source.start(this.#at);
    this.#frames.push({ source, start: this.#at, end: this.#at + buffer.duration });
    const seconds = this.#at - heard;
    this.#at += buffer.duration;
    return seconds;
  }

  /** Seconds that were heard. */
  played() {
    const now = heardNow(this.#context);
    while (this.#frames.length > 0 && this.#frames[0].end <= now) {
      const { start, end } = this.#frames.shift();
      this.#done += end - start;
    }
    const current = this.#frames[0];
    return this.#done + (current ? Math.max(0, now - current.start) : 0);
  }

  level(value) {
    this.#gain.gain.setTargetAtTime(value, this.#context.currentTime, DUCKING);
  }

  end() {
    const now = this.#context.currentTime;
    this.#gain.gain.cancelScheduledValues(now);
    this.#gain.gain.setTargetAtTime(0, now, FADE / 3);
    for (const { source } of this.#frames) source.stop(now + FADE);
    setTimeout(() => this.#gain.disconnect(), 100);
  }
}

/**
 * What of the context's time comes out of the loudspeaker now. `currentTime` goes by blocks of the device, 20 ms and
 * more, and says nothing of the way to the ear; the time stamps of the output do.
 * @param {AudioContext} context @returns {number} seconds
 */
export function heardNow(context) {
  if (MAY_NOT_BE_ASKED) return context.currentTime - USUAL_LATENCY;
  const roughly = context.currentTime - (context.outputLatency || context.baseLatency || 0);
  const { contextTime, performanceTime } = context.getOutputTimestamp();
  if (!performanceTime) return roughly;
  const exactly = Math.min(context.currentTime, contextTime + (performance.now() - performanceTime) / 1000);
  return Math.abs(exactly - roughly) < ODD_SECONDS ? exactly : roughly;
}
