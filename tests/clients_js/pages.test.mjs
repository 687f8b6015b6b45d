// Parts of the pages that need no browser.
import assert from "node:assert/strict";
import { test } from "node:test";

import { forms, suffix } from "../../routers/pages/web/jobs/results.js";
import { labelled } from "../../routers/pages/web/listen/apart.js";
import { written } from "../../routers/pages/web/listen/writing.js";
import { keepsDraft } from "../../routers/pages/web/shared/draft.js";
import { nested } from "../../routers/pages/web/settings/nested.js";
import { aligned, located } from "../../routers/pages/web/speak/located.js";
import { Envelope, sentencesOf, startsOf } from "../../routers/pages/web/speak/sentences.js";

const RATE = 24000;

/** Sound and silence by turns, in seconds. */
function sound(...lengths) {
  const parts = lengths.map((seconds, index) => new Int16Array(Math.round(seconds * RATE)).fill(index % 2 ? 0 : 8000));
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function starts(text, pcm) {
  const envelope = new Envelope(RATE);
  envelope.add(pcm);
  return startsOf(sentencesOf(text, "en"), envelope).map((seconds) => Math.round(seconds * 100) / 100);
}

test("sentences begin behind the pauses between them", () => {
  assert.deepEqual(starts("A sentence of words. And another one.", sound(1.5, 0.3, 1.2)), [0, 1.8]);
});

test("a pause within a sentence is not taken for its end", () => {
  const text = "First of all, this is quite a long sentence. It ends here.";
  assert.deepEqual(starts(text, sound(0.8, 0.15, 1.9, 0.4, 0.9)), [0, 3.25]);
});

test("a short sentence between two longer ones has its own place", () => {
  const text = "It was a bright cold day in April, and the clocks were striking. Nobody came. The rain had stopped long before.";
  assert.deepEqual(starts(text, sound(3.6, 0.4, 0.8, 0.4, 2.1)), [0, 4, 5.2]);
});

test("without pauses sentences have their share of the time", () => {
  const [first, second] = starts("One two three. One two three.", sound(2));
  assert.equal(first, 0);
  assert.ok(Math.abs(second - 1) < 0.1, String(second));
});

test("silence alone is no mistake", () => {
  assert.deepEqual(starts("One. Two.", new Int16Array(0)), [0, 0]);
});

test("words are found whatever blanks and marks are around them", () => {
  const text = "Hello  there.\n\nHow (really) are you?";
  assert.deepEqual(located(text, "Hello there.", 0), [0, 13]);
  assert.deepEqual(located(text, "How (really) are you?", 13), [15, 36]);
});

test("words that were spoken otherwise than written are the next sentence", () => {
  assert.deepEqual(located("It costs $5. Cheap!", "It costs five dollars.", 0), [0, 12]);
});

test("a piece is found in a text with markup, tags and links", () => {
  const text = "**Hello** there my _friend_, `this` goes on and on, until it is cut.";
  const [from, to] = located(text, "Hello there my friend, this goes on and on,", 0);
  assert.equal(text.slice(from, to), "**Hello** there my _friend_, `this` goes on and on,");
  assert.equal(text.slice(...located(text, "until it is cut.", to)), "until it is cut.");
  const link = 'Oh 👋🏽 <b>world</b> — 3×4=12; https://example.com/a?b=c';
  const [begin, end] = located(link, "Oh world —", 0);
  assert.equal(link.slice(begin, end), "Oh 👋🏽 <b>world</b> —");
  assert.equal(link.slice(...located(link, "3×4=12; example.com/a", end)), "3×4=12; https://example.com/a?b=c");
  assert.deepEqual(located("All is said.", "And more", 12), [12, 12]);
});

test("spoken words belong to written ones, in their order, as early as can be", () => {
  assert.deepEqual(aligned(["on", "and", "on"], ["**on**", "and", "on,", "and", "on"]), [0, 1, 2]);
  assert.deepEqual(aligned(["It", "costs", "five", "dollars."], ["It", "costs", "$5."]), [0, 1, -1, -1]);
});

test("subtitles have the marks of their kind", () => {
  const segments = [{ start: 0.48, end: 3661.5, text: " <b> & c ", speaker: "A" }];
  assert.equal(written(segments, "srt"), "1\n00:00:00,480 --> 01:01:01,500\nA: <b> & c\n");
  assert.equal(written(segments, "vtt"), "WEBVTT\n\n00:00:00.480 --> 01:01:01.500\n<v A>&lt;b&gt; &amp; c\n");
  assert.deepEqual(JSON.parse(written(segments, "json")), [{ start: 0.48, end: 3661.5, speaker: "A", text: "<b> & c" }]);
});

test("words that were edited stay inside their cue", () => {
  const segments = [{ start: 0, end: 1, text: "one\n\n two --> three" }];
  assert.equal(written(segments, "srt"), "1\n00:00:00,000 --> 00:00:01,000\none\ntwo -> three\n");
  assert.equal(written(segments, "vtt"), "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\none\ntwo --&gt; three\n");
});

test("dotted keys become sections", () => {
  assert.deepEqual(nested({ "a.b": 1, "a.c.d": null, "e.f": [2] }), { a: { b: 1, c: { d: null } }, e: { f: [2] } });
});

test("a sentence begins with its sound, behind the silence that a piece begins with", () => {
  const silent = new Int16Array(Math.round(0.2 * RATE));
  const pcm = sound(1.5, 0.3, 1.2);
  const whole = new Int16Array(silent.length + pcm.length);
  whole.set(pcm, silent.length);
  assert.deepEqual(starts("A sentence of words. And another one.", whole), [0.2, 2]);
  const envelope = new Envelope(RATE);
  envelope.add(silent);
  assert.equal(envelope.onset, null);
});

test("words that stay are given the speaker who speaks longest in them, or is nearest", () => {
  const told = [{ start: 0, end: 2, speaker: "A" }, { start: 2, end: 3, speaker: "B" }, { start: 4.5, end: 6, speaker: "A" }];
  const words = [{ start: 0, end: 2.4, text: "one" }, { start: 1.8, end: 3, text: "two" }, { start: 3.1, end: 3.4, text: "three" }, { start: 2.5, end: 5.5, text: "four" }];
  assert.deepEqual(labelled(words, told).map(({ speaker, text }) => `${speaker} ${text}`), ["A one", "B two", "B three", "A four"]);
  assert.deepEqual(labelled(words, []).map(({ speaker }) => speaker), [undefined, undefined, undefined, undefined]);
});

test("of a job there is what can be had now, and it is called so", () => {
  const names = (job) => forms(job, (name) => `${name} so far`).map(([, name]) => name);
  assert.deepEqual(names({ kind: "speech", items: { done: 3, total: 56 }, captions: true }), ["ZIP so far"]);
  assert.deepEqual(names({ kind: "speech", items: { done: 56, total: 56 }, captions: true }), ["M4B", "MP3", "ZIP", "SRT", "VTT"]);
  assert.deepEqual(names({ kind: "transcription", items: { done: 1, total: 1 } }), ["TXT", "SRT", "VTT", "JSON"]);
  assert.deepEqual(names({ kind: "transcription", items: { done: 1, total: 2 } }), ["TXT (ZIP) so far", "SRT (ZIP) so far", "VTT (ZIP) so far", "JSON (ZIP) so far"]);
  const paths = [...forms({ kind: "speech", items: { done: 1, total: 1 } }), ...forms({ kind: "transcription", items: { done: 1, total: 1 } })];
  assert.deepEqual(paths.map(([path]) => suffix(path)), ["m4b", "mp3", "zip", "txt", "srt", "vtt", "json"]);
});

/** A field, and what a tab keeps, with room for so many characters; `value`: what somebody has written there already. */
function drafted(kept, room = 1_000_000, value = "An example.") {
  const field = Object.assign(new EventTarget(), { value, defaultValue: "An example." });
  const write = (key, value) => {
    if (value === null) kept.delete(key);
    else if (value.length > room) return false;
    else kept.set(key, value);
    return true;
  };
  const keep = keepsDraft(field, "speak", { read: (key) => kept.get(key) ?? null, write });
  const type = (value) => {
    field.value = value;
    field.dispatchEvent(new Event("input"));
  };
  return { field, keep, type };
}

test("a draft comes back in its field, and an example where there is none", () => {
  const kept = new Map();
  drafted(kept).type("My own words.");
  const { field, type, keep } = drafted(kept);
  assert.equal(field.value, "My own words.");
  type("");
  assert.equal(drafted(kept).field.value, "An example.");
  field.value = "Said again.";
  keep();
  assert.equal(drafted(kept).field.value, "Said again.");
});

test("a draft replaces nothing that was written before the page was ready", () => {
  const kept = new Map();
  drafted(kept).type("My own words.");
  assert.equal(drafted(kept, undefined, "Newer words.").field.value, "Newer words.");
});

test("a draft has bounds, and no older one comes in the place of what was not kept", () => {
  for (const [room, length] of [[1_000_000, 100_001], [10, 11]]) {
    const kept = new Map();
    const { type } = drafted(kept, room);
    type("Older.");
    assert.equal(kept.size, 1);
    type("x".repeat(length));
    assert.equal(kept.size, 0);
  }
});
