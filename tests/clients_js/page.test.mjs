// Parts of the talk page that need no browser.
import assert from "node:assert/strict";
import { test } from "node:test";

import { heardPart } from "../../routers/pages/web/talk/heard.js";
import { languagesOf } from "../../routers/pages/web/shared/languages.js";
import { Translation, session } from "../../routers/pages/web/talk/realtime.js";
import { Resampler } from "../../routers/pages/web/talk/resample.js";

const SECONDS = 1;

function tone(frequency, rate) {
  return Float32Array.from({ length: SECONDS * rate }, (_, index) => Math.sin((2 * Math.PI * frequency * index) / rate));
}

/** In blocks of a worklet. */
function resampled(samples, from, to, block = 128) {
  const resampler = new Resampler(from, to);
  const out = [];
  for (let start = 0; start < samples.length; start += block) {
    out.push(...resampler.process(samples.subarray(start, start + block)));
  }
  return Float32Array.from(out);
}

function decibels(samples) {
  const inner = samples.subarray(1000, samples.length - 1000);
  return 20 * Math.log10(Math.sqrt((2 * inner.reduce((sum, x) => sum + x * x, 0)) / inner.length) + 1e-12);
}

for (const rate of [8000, 16000, 22050, 44100, 48000, 96000, 192000]) {
  test(`what is below the cut-off passes unchanged from ${rate} Hz`, () => {
    for (const frequency of [100, 1000, 3000]) {
      const out = resampled(tone(frequency, rate), rate, 16000);
      assert.ok(Math.abs(out.length - 16000 * SECONDS) < 80, String(out.length));
      assert.ok(Math.abs(decibels(out)) < 0.1, `${frequency} Hz: ${decibels(out)} dB`);
    }
  });

  test(`what 16 kHz cannot carry is gone from ${rate} Hz`, () => {
    for (const frequency of [8800, 10000, 15000].filter((each) => each < rate / 2)) {
      assert.ok(decibels(resampled(tone(frequency, rate), rate, 16000)) < -65, `${frequency} Hz`);
    }
  });
}

test("a tone stays where it is in time, and blocks do not matter", () => {
  const samples = tone(440, 48000);
  const out = resampled(samples, 48000, 16000);
  const wanted = tone(440, 16000);
  for (let index = 200; index < 15000; index++) assert.ok(Math.abs(out[index] - wanted[index]) < 0.002, String(index));
  assert.deepEqual(resampled(samples, 48000, 16000, 999), out.subarray(0, resampled(samples, 48000, 16000, 999).length));
});

test("a reply is split where it was cut off, whatever its spaces", () => {
  const text = "One, two;  three\nfour.";
  assert.deepEqual(heardPart(text, ""), ["", text]);
  assert.deepEqual(heardPart(text, "One, two; three"), ["One, two;  three", "\nfour."]);
  assert.deepEqual(heardPart(text, text), [text, ""]);
  assert.deepEqual(heardPart(text, `${text} and more`), [text, ""]);
  assert.deepEqual(heardPart(` ${text} \n`, text), [text, ""]);
});

test("languages have names, also those that browsers have none for", () => {
  const voices = [
    { name: "Klingon", languages: ["piqd"] },
    { name: "Emma", languages: ["en-US", "en"] },
    { name: "Chinese (Mandarin)", languages: ["x-none", "not a tag"] },
  ];
  assert.deepEqual(languagesOf(voices, ["en"]), [
    ["en-US", "American English"],
    ["x-none", "Chinese (Mandarin)"],
    ["en", "English"],
    ["piqd", "Klingon"],
  ]);
});

test("languages that are called the same are told apart by their tags", () => {
  const voices = [{ name: "A", languages: ["hy", "hy-arevela"] }, { name: "B", languages: ["fr"] }];
  const named = Object.fromEntries(languagesOf(voices, ["en"]));
  assert.deepEqual(named, { hy: "Armenian (hy)", "hy-arevela": "Armenian (hy-arevela)", fr: "French" });
});

const DONE = { id: "resp_1", status: "cancelled", output: [{ id: "item_1", type: "message", content: [{ transcript: "one two" }] }] };

test("a reply that is cut off is shown as what was heard of it", () => {
  const translation = new Translation();
  translation.read({ type: "response.created", response: { id: "resp_1" } });
  assert.deepEqual(translation.write({ type: "cancel" }), [{ type: "output_audio_buffer.clear" }]);
  const { commands } = translation.read({ type: "response.done", response: DONE });
  assert.deepEqual(commands, [{ type: "conversation.item.retrieve", item_id: "item_1" }]);
  const item = { id: "item_1", content: [{ transcript: "one" }] };
  const [message] = translation.read({ type: "conversation.item.retrieved", item }).messages;
  assert.deepEqual([message.type, message.generation, message.text, message.heard], ["reply.done", 1, "one two", "one"]);
  assert.deepEqual(translation.write({ type: "cancel" }), []);
});

test("turns have numbers, and words come to theirs", () => {
  const translation = new Translation();
  const read = (type, fields) => translation.read({ type, ...fields }).messages[0];
  assert.equal(read("input_audio_buffer.speech_started", { item_id: "a" }).turn, 1);
  assert.equal(read("input_audio_buffer.speech_started", { item_id: "b" }).turn, 2);
  const delta = "conversation.item.input_audio_transcription.delta";
  assert.deepEqual(read(delta, { item_id: "a", delta: "x" }), { type: "partial", turn: 1, stable_delta: "x", tail: "" });
  assert.equal(read("rate_limits.updated", {}), undefined);
});

test("settings of the page become a session", () => {
  const made = session({ language: "de", tts: "espeak", stt: "auto", voice: "de", interrupt: false });
  assert.equal(made.model, "espeak");
  assert.deepEqual(made.audio.input.transcription, { model: "auto", language: "de" });
  assert.equal(made.audio.input.turn_detection.interrupt_response, false);
  assert.deepEqual(made.audio.output, { voice: "de" });
});
