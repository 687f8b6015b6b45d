/**
 * What was said on this page: to hear again, and to take along in any format. The newest twenty are kept for this tab;
 * beyond it, with their sound, only where somebody asks for that.
 */

import { action, presses } from "../shared/actions.js";
import { choices, element, save } from "../shared/dom.js";
import { KEEPS_SAID, keptForGood, keptForTab } from "../shared/kept.js";
import { fail } from "../shared/notice.js";
import { KEY_LEFT, quietly, send } from "../shared/server.js";
import { clock, text } from "../shared/texts.js";
import { Shelf } from "./shelf.js";

const KEPT = "stts.said";
const MOST = 20;
const FORMATS = ["mp3", "wav", "opus", "aac", "flac", "pcm"]; // until the server has told its own
const SUFFIX = { opus: "ogg" };

export class History {
  #list;
  #none;
  #keep;
  #signal;
  #again;
  #said;
  #shelf = new Shelf();
  #formats = FORMATS;
  #addresses = []; // of sounds that are shown

  /** @param {(wanted: object) => void} again */
  constructor(main, signal, again) {
    this.#list = main.querySelector("#history");
    this.#none = main.querySelector("#history-none");
    this.#keep = main.querySelector("#history-keep");
    this.#signal = signal;
    this.#again = again;
    this.#said = keptForTab.readJson(KEPT, []);
    this.#keep.checked = keptForGood.read(KEEPS_SAID) !== null;
    this.#keep.addEventListener("change", () => this.#switched().catch((error) => this.#unkept(error)));
    presses(main.querySelector("#history-erase"), () => this.#erase());
    signal.addEventListener("abort", () => this.#forgetAddresses());
  }

  /** Whether sounds are wanted, too. */
  get keepsSound() {
    return this.#keep.checked;
  }

  async load() {
    this.#show();
    const info = await quietly("info");
    if (info !== null) this.#formats = Object.keys(info.formats);
    if (this.#keep.checked) this.#said = await this.#shelf.all().catch((error) => this.#unkept(error));
    this.#show();
  }

  /** The browser keeps nothing here: all else works as it does without. */
  #unkept(error) {
    this.#keep.checked = false;
    fail(error);
    return this.#said;
  }

  /** @param {{wanted: object, engine: string, voice: string, seconds: number, sound?: Blob}} said */
  async add(said) {
    if (this.#signal.reason === KEY_LEFT) return;
    if (this.#keep.checked) {
      await this.#shelf.put(said);
      this.#said = await this.#shelf.all();
    } else {
      const key = JSON.stringify(said.wanted);
      this.#said = [said, ...this.#said.filter(({ wanted }) => JSON.stringify(wanted) !== key)].slice(0, MOST);
      this.#remember();
    }
    this.#show();
  }

  /** What is on the shelf is nowhere else; what is taken off it stays for this tab, without its sound. */
  async #switched() {
    if (this.#keep.checked) {
      for (const said of this.#said.toReversed()) await this.#shelf.put(said);
      keptForGood.write(KEEPS_SAID, "1");
      keptForTab.write(KEPT, null);
      this.#said = await this.#shelf.all();
    } else {
      keptForGood.write(KEEPS_SAID, null);
      await this.#shelf.erase();
      this.#said = this.#said.slice(0, MOST).map(({ sound, ...said }) => said);
      this.#remember();
    }
    this.#show();
  }

  async #erase() {
    await this.#shelf.erase(); // what shows an empty list says that nothing is kept
    this.#said = [];
    keptForTab.write(KEPT, null);
    this.#show();
  }

  #remember() {
    keptForTab.writeJson(KEPT, this.#said);
  }

  #forgetAddresses() {
    for (const address of this.#addresses.splice(0)) URL.revokeObjectURL(address);
  }

  #show() {
    if (this.#signal.aborted) return;
    this.#forgetAddresses();
    this.#none.hidden = this.#said.length > 0;
    this.#list.replaceChildren(...this.#said.map((said) => this.#item(said)));
  }

  #item(said) {
    const { wanted, engine, voice, seconds, sound } = said;
    const again = element("button", { class: "plain", onclick: () => this.#again(wanted) }, text("speak.again"));
    const format = element("select", { "aria-label": text("speak.format") });
    choices(format, this.#formats.map((name) => [name, name.toUpperCase()]));
    if (this.#formats.includes("mp3")) format.value = "mp3";
    const take = action("speak.download", () => this.#take(said, format.value));
    const words = element("p", { dir: "auto", class: "excerpt" }, wanted.text);
    const by = element("p", { class: "soft" }, `${voice}, ${engine} · ${clock(seconds)}`);
    const first = element("div", {}, words, by);
    if (sound) first.append(this.#player(sound));
    return element("li", {}, first, element("div", { class: "buttons" }, again, format, take));
  }

  #player(sound) {
    const src = URL.createObjectURL(sound);
    this.#addresses.push(src);
    return element("audio", { controls: true, preload: "none", src, "aria-label": text("speak.history.sound") });
  }

  /** A sound that is kept is taken as it is; the server sends it in all other formats, again. */
  async #take({ wanted, sound }, format) {
    const isHere = sound && format === "wav";
    const blob = isHere ? sound : await (await send("tts", { ...wanted, format }, { signal: this.#signal })).blob();
    save(blob, `speech.${SUFFIX[format] ?? format}`);
  }
}
