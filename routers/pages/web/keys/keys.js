/** Who may what: keys with their limits, users, and what was done by whom. */

import { copies, submits } from "../shared/actions.js";
import { choices } from "../shared/dom.js";
import { KeyedList } from "../shared/keyed.js";
import { address, json, send } from "../shared/server.js";
import { text } from "../shared/texts.js";
import { Audit } from "./audit.js";
import { keyRow, userRow } from "./rows.js";

const LIMITS = ["characters_per_day", "audio_seconds_in_per_day", "requests_per_minute"];
const DAY = 24 * 3600;
const MOST = 1000; // keys that are shown
const LOOPBACK = /^(localhost|127\..*|\[?::1\]?)$/;

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function open(main, signal) {
  const audit = new Audit(main, signal);
  const again = async () => {
    await load(main, signal, lists);
    await audit.begin();
  };
  const keyOf = (key) => ({ item: keyRow(key, signal, again, (made) => show(main, made)) });
  const lists = {
    keys: new KeyedList(main.querySelector("#key-rows"), ({ id }) => id, keyOf),
    users: new KeyedList(main.querySelector("#user-rows"), ({ id }) => id, (user) => ({ item: userRow(user, signal, again) })),
  };
  offerForm(main, signal, again);
  const { settings } = await json("config", { signal });
  if (settings["security.keys"].value) {
    main.querySelector("#made-how").textContent = handedOut(settings["server.host"].value);
    await again();
    return;
  }
  main.querySelector("#keys-lead").hidden = true;
  for (const part of main.querySelectorAll(".card")) part.hidden = part.id !== "keys-off";
}

async function load(main, signal, lists) {
  const [keys, users] = [await json(`admin/keys?limit=${MOST}`, { signal }), await json("admin/users", { signal })];
  const names = new Map(users.map(({ id, name }) => [id, name]));
  const here = users.filter(({ deleted_at: deleted }) => deleted === null);
  choices(main.querySelector("#new-key").elements.user_id, [["", text("keys.owner.new")], ...here.map(({ id, name }) => [id, name])]);
  const { keyId } = main.querySelector("#secret").dataset;
  if (keys.some(({ id, revoked_at: revoked }) => id === keyId && revoked !== null)) hide(main);
  lists.keys.show(keys.map((key) => ({ ...key, owner: names.get(key.user_id) })));
  lists.users.show(here);
}

function offerForm(main, signal, again) {
  const form = main.querySelector("#new-key");
  const make = async () => {
    const answer = await send("admin/keys", wanted(form.elements), { signal });
    show(main, await answer.json());
    form.reset();
    await again();
  };
  submits(form, make);
  copies(form.querySelector("#copy-key"), form.querySelector("#secret"));
}

function wanted(fields) {
  const body = { name: fields.name.value.trim(), role: fields.role.value, limits: {} };
  if (fields.user_id.value) body.user_id = fields.user_id.value;
  if (fields.days.value) body.expires_at = Date.now() / 1000 + fields.days.valueAsNumber * DAY;
  for (const name of LIMITS) if (fields[name].value) body.limits[name] = fields[name].valueAsNumber;
  return body;
}

/** A secret is told once, and no longer than it opens anything. @param {{id: string, key: string}} made */
function show(main, { id, key }) {
  main.querySelector("#secret").textContent = key;
  main.querySelector("#secret").dataset.keyId = id;
  main.querySelector("#made").hidden = false;
  main.querySelector("#made").scrollIntoView({ block: "nearest" });
}

function hide(main) {
  main.querySelector("#secret").textContent = "";
  main.querySelector("#made").hidden = true;
}

/** What whoever gets a key needs with it. @param {string} host that the server listens on */
function handedOut(host) {
  if (LOOPBACK.test(host)) return text("keys.made.here_alone");
  const here = LOOPBACK.test(location.hostname);
  return text(here ? "keys.made.elsewhere" : "keys.made.how", { address: address(""), port: location.port || "443" });
}
