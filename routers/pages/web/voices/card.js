/** One voice of the library: what was found in its recording, as a picture, and what can be done with it. */

import { action } from "../shared/actions.js";
import { element } from "../shared/dom.js";
import { keptForTab } from "../shared/kept.js";
import { Player } from "../shared/player.js";
import { json, request } from "../shared/server.js";
import { clock, number, text } from "../shared/texts.js";

const SPEAK = "stts.speak"; // what is chosen on Speak

/** Each figure with the value that is a full bar, and whether more is better. */
const FIGURES = [
  ["signal_to_noise", 60, true, (value) => `${number(value, { maximumFractionDigits: 0 })} dB`],
  ["bandwidth", 12_000, true, (value) => `${number(value / 1000, { maximumFractionDigits: 1 })} kHz`],
  ["speech_seconds", 30, true, (value) => clock(value)],
  ["silence", 1, false, (value) => number(value, { style: "percent" })],
  ["clipping", 0.01, false, (value) => number(value, { style: "percent", maximumFractionDigits: 2 })],
];

/** @param {object} voice of GET /v1/voices, with who speaks it here @param {() => Promise<void>} again */
export function card(voice, signal, again) {
  const { id, name, language, source, blend, tags, report, visibility, consent, spoken } = voice;
  const facts = [text(`voices.source.${source}`), blend, language, text(`voices.visibility.${visibility}`), ...tags, consent?.statement];
  const silent = spoken ? "" : element("p", { class: "warning" }, text(`voices.silent.${source}`));
  const words = element("div", {}, element("h3", { dir: "auto" }, name), element("p", { class: "soft", dir: "auto" }, facts.filter(Boolean).join(" · ")), silent, problems(report));
  const audio = element("audio", { controls: true, hidden: true });
  const player = new Player(signal, audio);
  const heard = element("p", { class: "soft", role: "status" });
  const hear = (label, query) =>
    action(label, async () => {
      const answer = await request(`v1/voices/${id}/preview${query}`, { signal });
      const kind = answer.headers.get("X-Preview-Source");
      heard.textContent = text(kind === "speech" ? "voices.heard.speech" : query ? "voices.heard.recording" : "voices.heard.only_recording");
      await player.play(await answer.blob());
    });
  const offered = [hear("voices.hear", "")];
  if (spoken) offered.push(element("a", { class: "plain", href: "speak", "data-page": "speak", onclick: () => keptForTab.writeJson(SPEAK, { ...spoken, language: "", speed: "1" }) }, text("voices.speak")));
  if (source === "recording") offered.push(hear("voices.hear_recording", "?source=recording"), action("voices.validate", () => json(`v1/voices/${id}/validate`, { method: "POST", signal }).then(again)));
  offered.push(action("voices.remove", () => confirm(text("voices.remove.sure", { name })) && request(`v1/voices/${id}`, { method: "DELETE", signal }).then(again)));
  const item = element("li", { "data-voice": id }, element("div", {}, words, picture(report), audio, heard), element("div", { class: "buttons" }, ...offered));
  return { item, gone: () => player.forget() };
}

function problems(report) {
  if (!report?.problems.length) return "";
  return element("p", { class: "warning", dir: "auto" }, report.problems.map(({ message }) => message).join(" "));
}

function picture(report) {
  if (!report) return "";
  const bars = FIGURES.filter(([name]) => report[name] != null).map(([name, full, more, shown]) => {
    const part = Math.min(1, report[name] / full);
    const meter = element("meter", { min: 0, max: 1, value: part, "aria-label": text(`voices.figure.${name}`) });
    if (more) Object.assign(meter, { low: 0.25, high: 0.5, optimum: 1 });
    else Object.assign(meter, { low: 0.5, high: 0.8, optimum: 0 });
    return element("div", {}, element("dt", {}, text(`voices.figure.${name}`)), element("dd", {}, meter, " ", shown(report[name])));
  });
  return element("dl", { class: "report" }, ...bars);
}
