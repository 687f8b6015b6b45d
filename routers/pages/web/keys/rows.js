/** Rows of keys and users. */

import { action } from "../shared/actions.js";
import { element } from "../shared/dom.js";
import { json, request } from "../shared/server.js";
import { language, number, text } from "../shared/texts.js";

const OVERLAP_SECONDS = 3600;
const LIMITS = { characters_per_day: "keys.characters", audio_seconds_in_per_day: "keys.seconds", requests_per_minute: "keys.minute" };

/** @param {object} key of GET /admin/keys, with the name of its owner @param {(made: {id: string, key: string}) => void} show of a secret that is new */
export function keyRow(key, signal, again, show) {
  const { id, name, role, owner, expires_at: expires, revoked_at: revoked, limits } = key;
  const state = revoked ? "revoked" : expires && expires * 1000 < Date.now() ? "expired" : "valid";
  const mark = element("span", { class: "state", "data-state": state === "valid" ? "ready" : "cold" }, text(`keys.state.${state}`));
  const facts = [text(`keys.role.${role}`), owner, id, expires && text("keys.until", { day: day(expires) }), ...limitsOf(limits)];
  const words = element("div", {}, element("h3", { dir: "auto" }, name, " ", mark), element("p", { class: "soft" }, facts.filter(Boolean).join(" · ")));
  const rotate = async () => {
    const body = JSON.stringify({ overlap_seconds: OVERLAP_SECONDS });
    const made = await json(`admin/keys/${id}/rotate`, { method: "POST", headers: { "Content-Type": "application/json" }, body, signal });
    show(made);
    await again();
  };
  const revoke = () => request(`admin/keys/${id}`, { method: "DELETE", signal }).then(again);
  const offered = state === "valid" ? [action("keys.rotate", rotate), action("keys.revoke", () => confirm(text("keys.revoke.sure", { name })) && revoke())] : [];
  return element("li", { "data-key-id": id }, words, element("div", { class: "buttons" }, ...offered));
}

export function userRow({ id, name, created_at: created }, signal, again) {
  const words = element("div", {}, element("h3", { dir: "auto" }, name), element("p", { class: "soft" }, `${id} · ${text("keys.since", { day: day(created) })}`));
  const remove = () => confirm(text("keys.delete.sure", { name })) && request(`admin/users/${id}`, { method: "DELETE", signal }).then(again);
  const forget = () => confirm(text("keys.forget.sure", { name })) && request(`admin/users/${id}/data`, { method: "DELETE", signal }).then(again);
  return element("li", { "data-user": id }, words, element("div", { class: "buttons" }, action("keys.forget", forget), action("keys.delete", remove)));
}

function limitsOf(limits) {
  return Object.entries(limits ?? {}).filter(([, most]) => most !== null).map(([name, most]) => `${LIMITS[name] ? text(LIMITS[name]) : name.replaceAll("_", " ")}: ${number(most)}`);
}

function day(seconds) {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(seconds * 1000);
}
