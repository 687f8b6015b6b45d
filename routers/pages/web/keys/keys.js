/** Who may what: keys with their limits, users, and what was done by whom. */

import { copies, onceAtATime } from "../shared/actions.js";
import { choices } from "../shared/dom.js";
import { json, send } from "../shared/server.js";
import { text } from "../shared/texts.js";
import { Audit } from "./audit.js";
import { keyRow, userRow } from "./rows.js";

const LIMITS = ["characters_per_day", "audio_seconds_in_per_day", "requests_per_minute"];
const DAY = 24 * 3600;

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function open(main, signal) {
  const audit = new Audit(main, signal);
  const again = async () => {
    await load(main, signal, again);
    await audit.begin();
  };
  offerForm(main, signal, again);
  const { settings } = await json("config", { signal });
  if (settings["security.keys"].value) {
    await again();
    return;
  }
  main.querySelector("#keys-lead").hidden = true;
  for (const part of main.querySelectorAll(".card")) part.hidden = part.id !== "keys-off";
}

async function load(main, signal, again) {
  const [keys, users] = [await json("admin/keys", { signal }), await json("admin/users", { signal })];
  const names = new Map(users.map(({ id, name }) => [id, name]));
  const here = users.filter(({ deleted_at: deleted }) => deleted === null);
  choices(main.querySelector("#new-key").elements.user_id, [["", text("keys.owner.new")], ...here.map(({ id, name }) => [id, name])]);
  main.querySelector("#key-rows").replaceChildren(...keys.map((key) => keyRow(key, names, signal, again, (made) => show(main, made))));
  main.querySelector("#user-rows").replaceChildren(...here.map((user) => userRow(user, signal, again)));
}

function offerForm(main, signal, again) {
  const form = main.querySelector("#new-key");
  const make = async () => {
    const answer = await send("admin/keys", wanted(form.elements), { signal });
    show(main, (await answer.json()).key);
    form.reset();
    await again();
  };
  form.addEventListener("submit", onceAtATime(make));
  copies(form.querySelector("#copy-key"), form.querySelector("#secret"));
}

function wanted(fields) {
  const body = { name: fields.name.value.trim(), role: fields.role.value, limits: {} };
  if (fields.user_id.value) body.user_id = fields.user_id.value;
  if (fields.days.value) body.expires_at = Date.now() / 1000 + fields.days.valueAsNumber * DAY;
  for (const name of LIMITS) if (fields[name].value) body.limits[name] = fields[name].valueAsNumber;
  return body;
}

/** A secret is told once. */
function show(main, secret) {
  main.querySelector("#secret").textContent = secret;
  main.querySelector("#made").hidden = false;
  main.querySelector("#made").scrollIntoView({ block: "nearest" });
}
