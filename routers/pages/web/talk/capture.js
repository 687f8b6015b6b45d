/** AudioWorklet: what the microphone hears, as s16le mono in messages of 32 ms, whatever the context's rate. */

import { Resampler } from "./resample.js";

const MESSAGE_SECONDS = 0.032;

class Capture extends AudioWorkletProcessor {
  constructor({ processorOptions: { rate } }) {
    super();
    this.resampler = new Resampler(sampleRate, rate);
    this.size = Math.round(MESSAGE_SECONDS * rate);
    this.begin();
  }

  begin() {
    this.pcm = new Int16Array(this.size);
    this.filled = 0;
    this.energy = 0;
  }

  process([channels]) {
    if (channels.length > 0) {
      for (const sample of this.resampler.process(mono(channels))) this.take(sample);
    }
    return true;
  }

  take(sample) {
    this.pcm[this.filled++] = Math.round(Math.max(-1, Math.min(1, sample)) * 32767);
    this.energy += sample * sample;
    if (this.filled === this.size) this.pass();
  }

  pass() {
    const level = Math.sqrt(this.energy / this.size);
    this.port.postMessage({ pcm: this.pcm.buffer, level }, [this.pcm.buffer]);
    this.begin();
  }
}

function mono(channels) {
  if (channels.length === 1) return channels[0];
  return channels[0].map((_, index) => channels.reduce((sum, channel) => sum + channel[index], 0) / channels.length);
}

registerProcessor("capture", Capture);
