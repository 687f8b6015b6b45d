/** One operation as a row that opens: when, what, by what, how long, where its time went, why, and what to do. */

import { element } from "../shared/dom.js";
import { layered } from "../shared/spark.js";
import { duration, language, number, text } from "../shared/texts.js";
import { leadsTo } from "./links.js";
import { PARTS, did, isOfVoice, shares, why } from "./why.js";

const DAY_MS = 24 * 3600 * 1000;
const LEAST_SECONDS = 0.001; // of a part that is told

/** @param {object} row of GET /analytics/operations @param {string} key the name of its key */
export function operation(row, key) {
  const summary = element("summary", {}, ...heading(row), facts(row, key), times(row), picture(row));
  const made = element("details", { class: "operation", "data-request": row.request_id, "data-cause": row.cause }, summary, reason(row), parts(row), origin(row));
  return made;
}

/** The colours of the parts with their names. */
export function legend() {
  const entry = (name, index) => element("li", {}, swatch(index), text(`analytics.part.${name}`));
  return element("ul", { class: "legend", "aria-label": text("analytics.legend") }, ...PARTS.map(entry));
}

const STATES = { failed: "failed", quick: "cold", left: "cold" };

function* heading({ ended, cause, status }) {
  const name = cause === "quick" && status === "cancelled" ? "left" : cause;
  yield element("time", { dateTime: new Date(ended * 1000).toISOString() }, moment(ended * 1000));
  yield element("span", { class: "state", "data-state": STATES[name] ?? "ready" }, text(`analytics.cause.${name}`));
}

function facts(row, key) {
  const { type, urgency, characters, audio_seconds: audio, engine, voice } = row;
  const what = text(`analytics.${did(row)}`, { characters: number(characters), audio: duration(audio) });
  const by = [engine, voice && type !== "stt" ? voice : null, key].filter(Boolean).join(" · ");
  const work = urgency === "background" ? [element("span", { class: "soft" }, ` ${text("analytics.did.background")}`)] : [];
  return element("span", { class: "did" }, what, ...work, element("span", { class: "soft", dir: "auto" }, by));
}

/** From the first byte of the request on, as whoever has sent it counts. */
function times({ type, route, urgency, total, first_item: first, parts }) {
  const received = parts.find(({ name }) => name === "received")?.seconds ?? 0;
  const shown = [text("analytics.total", { time: total === null ? "–" : duration(received + total) })];
  if (first !== null && !(type === "stt" && isOfVoice(route))) shown.push(text(`analytics.began.${type === "stt" ? "stt" : "tts"}`, { time: duration(received + first) }));
  if (urgency === "live") shown.reverse(); // what was waited for stands first, and the slowest are sorted by it
  return element("span", { class: "times" }, ...shown.map((words) => element("span", {}, words)));
}

function picture(row) {
  const told = row.parts.map(({ name, seconds }) => `${text(`analytics.part.${name}`)} ${duration(seconds)}`);
  const layers = shares(row.parts).map(({ name, start, share }) => ({ kind: PARTS.indexOf(name), start, share }));
  return layered(layers, told.length ? text("analytics.went", { parts: told.join(", ") }) : text("analytics.went.none"));
}

function reason(row) {
  const { why: name, next, page, field } = why(row);
  const engine = row.type === "conversation" && name !== "reply" ? text("analytics.one_engine") : (row.engine ?? text("analytics.an_engine"));
  const values = {
    engine,
    order: `${row.type}.order`,
    seconds: duration(row.cause_seconds, "long"),
    waited: duration(row.waited, "long"),
    audio: duration(row.audio_seconds, "long"),
    code: row.code,
  };
  const link = page ? [" ", leadsTo(page, field)] : [];
  const left = row.status === "cancelled" && row.cause !== "left" ? ` ${text("analytics.why.and_left")}` : "";
  return element("div", { class: "reason" }, element("p", { class: "why" }, text(`analytics.why.${name}`, values) + left), element("p", {}, text(`analytics.${next}`, values), ...link));
}

function parts(row) {
  const told = row.parts.filter(({ seconds }) => seconds >= LEAST_SECONDS);
  const sum = row.parts.reduce((all, { seconds }) => all + seconds, 0);
  const entry = ({ name, seconds }) => element("div", {}, element("dt", {}, swatch(PARTS.indexOf(name)), text(`analytics.part.${name}`)), element("dd", {}, `${duration(seconds)} · ${number(seconds / sum, { style: "percent" })}`));
  return element("dl", { class: "went" }, ...told.map(entry));
}

/** What the log and a trace know it by. */
function origin({ request_id: id, route, trace_id: trace, code, fallback }) {
  const known = [["analytics.request", id], ["analytics.route", route], ["analytics.trace", trace], ["analytics.code", code], ["analytics.fallback", fallback]];
  const entry = ([name, value]) => element("span", {}, `${text(name)} `, element("code", {}, value));
  return element("p", { class: "soft origin" }, ...known.filter(([, value]) => value).map(entry));
}

function swatch(index) {
  return layered([{ kind: index, start: 0, share: 1 }], "", "swatch");
}

function moment(at) {
  const style = Date.now() - at < DAY_MS / 2 ? { timeStyle: "medium" } : { dateStyle: "short", timeStyle: "medium" };
  return new Intl.DateTimeFormat(language, style).format(at);
}
