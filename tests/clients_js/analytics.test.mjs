// Parts of the page Analytics that need no browser, and what leads to it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { findings, meaning } from "../../routers/pages/web/analytics/findings.js";
import { sentences } from "../../routers/pages/web/analytics/forecast.js";
import { PARTS, did, fieldOf, requestId, shares, why } from "../../routers/pages/web/analytics/why.js";
import { Late } from "../../routers/pages/web/speak/late.js";

const READY = { name: "hibari", kind: "tts", state: "ready", measured: { real_time_factor: 0.1 } };
const DONE = { operations: 1, background: 0, errors: 0, error_codes: {}, slow: {}, total: { count: 1 } };

/** What stands out on a server with one engine. */
function found(engine, group, { metrics = "", total = DONE, by_type = {} } = {}) {
  return findings({ by_engine: { [engine.name]: { ...DONE, ...group } }, by_type, total }, [engine], metrics);
}

test("an idle server is not called busy for having loaded its engine", () => {
  const slow = { load: { count: 1, longest_seconds: 1.4 } };
  const figures = { engine: "hibari", order: "tts.order", count: 1, all: 1, seconds: 1.4 };
  assert.deepEqual(found(READY, { slow }), [["loaded", figures]]);
  assert.deepEqual(found({ ...READY, state: "cold" }, { slow }), [["load", figures]]);
});

test("who waited for a place alone was in nobody's way; many at once are told", () => {
  assert.deepEqual(found(READY, { slow: { queue: { count: 1, longest_seconds: 2 } } }), []);
  const [[name, { count, all }]] = found(READY, { operations: 60, background: 50, total: { count: 10 }, slow: { queue: { count: 2, longest_seconds: 2 } } });
  assert.deepEqual([name, count, all], ["queue", 2, 10]);
});

test("a book in the background makes no slow server", () => {
  assert.deepEqual(found(READY, { operations: 56, background: 56, total: { count: 0 } }), []);
});

test("an engine that listens is told of its words, and has no listeners who starve", () => {
  const ear = { ...READY, name: "ear", kind: "stt" };
  const slow = { first: { count: 3, longest_seconds: 1.7 } };
  const metrics = 'stts_engine_underruns_total{engine="ear",kind="stt"} 4.0';
  assert.deepEqual(found(ear, { total: { count: 4 }, slow }, { metrics }).map(([name]) => name), ["first.stt"]);
  assert.deepEqual(found({ ...ear, measured: { real_time_factor: 1.2 } }, {}).map(([name]) => name), ["factor.stt"]);
});

test("most errors, a slow language model and starved listeners stand out", () => {
  const total = { ...DONE, operations: 10, errors: 3, error_codes: { busy: 1, invalid_text: 2 } };
  const by_type = { conversation: { ...DONE, total: { count: 4 }, slow: { reply: { count: 3, longest_seconds: 6 } } } };
  const metrics = 'stts_engine_underruns_total{engine="hibari",kind="tts"} 4.0';
  assert.deepEqual(found(READY, {}, { metrics, total, by_type }).map(([name]) => name), ["underruns", "reply", "errors"]);
});

test("error codes mean something to whoever runs the server", () => {
  const kinds = { engine_weights_missing: "model", engine_crashed: "engine", limits_away: "storage", busy: "much", idle_timeout: "caller", internal_error: "server", reply_timeout: "reply" };
  assert.deepEqual(Object.fromEntries(Object.keys(kinds).map((code) => [code, meaning(code)])), kinds);
});

test("an id is found in whatever was copied with it", () => {
  assert.equal(requestId(" X-Request-ID: 4bf92f3577b34da6 "), "4bf92f3577b34da6");
  assert.equal(requestId("Request 4bf92f3577b34da6."), "4bf92f3577b34da6");
  assert.equal(requestId('{"request_id": "my-request"}'), "my-request");
  assert.equal(requestId("  "), "");
});

test("each cause has a sentence and advice in each language", () => {
  const causes = ["quick", "failed", "left", "received", "load", "queue", "engine", "first", "length", "encode", "held", "shared", "reply", "other"];
  for (const language of ["en", "de", "fa"]) {
    const texts = JSON.parse(readFileSync(new URL(`../../routers/pages/web/texts/${language}.json`, import.meta.url)));
    for (const cause of causes) {
      assert.ok(texts[`analytics.cause.${cause}`], cause);
      for (const type of ["tts", "stt", "conversation"]) {
        for (const urgency of ["live", "background"]) {
          const { why: name, next, page } = why({ cause, type, urgency, code: "busy" });
          assert.ok(texts[`analytics.why.${name}`], name);
          assert.ok(texts[`analytics.${next}`], next);
          assert.ok(page === null || texts[`nav.${page}`], page);
        }
      }
    }
    for (const part of PARTS) assert.ok(texts[`analytics.part.${part}`], part);
  }
});

/** Texts of a page in one of its languages, as the page fills them. */
function wordsOf(language) {
  const texts = JSON.parse(readFileSync(new URL(`../../routers/pages/web/texts/${language}.json`, import.meta.url)));
  const text = (name, values = {}) => texts[name].replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
  const number = (value) => new Intl.NumberFormat(language).format(value);
  return { language, texts, text, number, list: (names) => new Intl.ListFormat(language).format(names) };
}

const HOUR = { weekday: "Sunday", hour: 23, usual: 12, low: 8, high: 16 };
const DAY = { day: "2026-11-30", total: 31, usual: 1, low: 0, high: 2 };

test("the forecast is told in the language of the page, from its figures", () => {
  const told = (language, forecast) => sentences({ days: 55, days_needed: 28, peaks: [], unusual: [], profile: [HOUR], ...forecast }, wordsOf(language));
  const [days, peaks, day] = told("en", { peaks: [HOUR, { ...HOUR, weekday: "Monday", hour: 9 }], unusual: [DAY] });
  assert.match(days, /55 whole days/);
  assert.match(peaks.replaceAll("\u202f", " "), /Sunday 11:00 PM to 12:00 AM \(about 12\) and Monday 9:00 AM to 10:00 AM/);
  assert.match(day, /^Monday, November 30, 2026 brought more than usual: 31 requests.* about 1 \(0 to 2\)/);
  assert.match(told("en", { unusual: [{ ...DAY, total: 0, low: 1 }] })[2], /brought less/);
  assert.deepEqual(told("en", {}).slice(1), ["No hour of the week is usually busy.", "No day fell outside the usual."]);
  const many = told("en", { unusual: Array(13).fill(DAY) });
  assert.deepEqual([many.length, many.at(-1).at(-2)], [13, "3"]);
  assert.match(told("de", { profile: [], days: 3 })[0], /3 ganze Tage .* 28 /);
  for (const sentence of told("fa", { peaks: [HOUR], unusual: [DAY] })) assert.doesNotMatch(sentence, /undefined|[{}0-9]|Sunday|Monday/);
  assert.match(told("fa", { profile: [], days: 0 })[0], /۰ روز .*۲۸ روز/);
});

test("tiers of the cache and their states have words in each language", () => {
  for (const language of ["en", "de", "fa"]) {
    const { texts } = wordsOf(language);
    for (const name of ["memory", "disk", "redis", "up", "resting", "off"]) assert.ok(texts[`analytics.tier.${name}`], name);
    for (const name of ["did.voice", "did.voice.checked"]) assert.ok(texts[`analytics.${name}`], name);
  }
});

test("a voice that was kept is no transcript", () => {
  const names = [["stt", "/v1/voices"], ["stt", "/v1/voices/{voice_id}/validate"], ["stt", "/stt"], ["stt", null], ["tts", "/v1/voices/{voice_id}/preview"]];
  assert.deepEqual(names.map(([type, route]) => did({ type, route })), ["did.voice", "did.voice.checked", "did.stt", "did.stt", "did.tts"]);
});

test("a cause that a setting mends leads to the field of that setting", () => {
  const fields = ["load", "queue", "engine"].map((cause) => why({ cause, type: "tts", urgency: "live" }).field);
  assert.deepEqual([...fields, fieldOf("loaded")], ["engines.preload", "engines.options", null, "engines.preload"]);
});

test("parts share the picture by their seconds", () => {
  const parts = [{ name: "load", seconds: 3 }, { name: "engine", seconds: 1 }];
  assert.deepEqual(shares(parts), [{ name: "load", start: 0, share: 0.75 }, { name: "engine", start: 0.75, share: 0.25 }]);
  assert.deepEqual(shares([]), []);
});

test("who has waited long for the first sound is offered to see why", () => {
  let at = 0;
  const link = { hidden: true, href: "" };
  const late = new Late(link, () => at);
  for (const [milliseconds, hidden] of [[1200, false], [300, true]]) {
    late.begin();
    late.by("a b");
    at += milliseconds;
    late.heard();
    at += 5000;
    late.heard();
    assert.equal(link.hidden, hidden);
  }
  assert.equal(link.href, "analytics?request=a%20b");
});
