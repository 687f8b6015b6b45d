/** What was said on this page: to hear again, and to take along in any format. Kept for this tab, the newest twenty. */

import { choices, element, save } from "../shared/dom.js";
import { keptForTab } from "../shared/kept.js";
import { fail } from "../shared/notice.js";
import { send } from "../shared/server.js";
import { clock, text } from "../shared/texts.js";

const KEPT = "stts.said";
const MOST = 20;
const FORMATS = ["mp3", "wav", "opus", "aac", "flac", "pcm"];
const SUFFIX = { opus: "ogg" };

export class History {
  #list;
  #none;
  #signal;
  #again;
  #said;

  /** @param {(wanted: object) => void} again */
  constructor(main, signal, again) {
    this.#list = main.querySelector("#history");
    this.#none = main.querySelector("#history-none");
    this.#signal = signal;
    this.#again = again;
    this.#said = keptForTab.readJson(KEPT, []);
    this.#show();
  }

  /** @param {{wanted: object, engine: string, voice: string, seconds: number}} said */
  add(said) {
    const key = JSON.stringify(said.wanted);
    this.#said = [said, ...this.#said.filter(({ wanted }) => JSON.stringify(wanted) !== key)].slice(0, MOST);
    keptForTab.writeJson(KEPT, this.#said);
    this.#show();
  }

  #show() {
    this.#none.hidden = this.#said.length > 0;
    this.#list.replaceChildren(...this.#said.map((said) => this.#item(said)));
  }

  #item({ wanted, engine, voice, seconds }) {
    const again = element("button", { class: "plain", onclick: () => this.#again(wanted) }, text("speak.again"));
    const format = element("select", { "aria-label": text("speak.format") });
    choices(format, FORMATS.map((name) => [name, name.toUpperCase()]));
    const take = element("button", { class: "plain", onclick: () => this.#take(take, wanted, format.value) }, text("speak.download"));
    const words = element("p", { dir: "auto", class: "excerpt" }, wanted.text);
    const by = element("p", { class: "soft" }, `${voice}, ${engine} · ${clock(seconds)}`);
    return element("li", {}, element("div", {}, words, by), element("div", { class: "buttons" }, again, format, take));
  }

  /** What the server has kept it sends again, in another format too. */
  async #take(button, wanted, format) {
    button.disabled = true;
    try {
      const answer = await send("tts", { ...wanted, format }, { signal: this.#signal });
      save(await answer.blob(), `speech.${SUFFIX[format] ?? format}`);
    } catch (error) {
      fail(error);
    } finally {
      button.disabled = false;
    }
  }
}
