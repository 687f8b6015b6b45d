/** What the page shows of the connection, of whose turn it is, and of what can be pressed: it follows from a few values. */

import { text } from "../shared/texts.js";

export class Status {
  #main;
  #values = { link: "closed", turn: "listening", hearing: false, microphone: false, possible: true, replying: false, empty: true };

  constructor(main) {
    this.#main = main;
  }

  /** Whether the user is speaking. */
  get isHearing() {
    return this.#values.hearing;
  }

  /** Whether a reply is made or heard. */
  get canStop() {
    return this.#values.replying || this.#values.turn !== "listening";
  }

  /**
   * @param {object} values those that may have changed
   * @param {"closed" | "connecting" | "open" | "waiting"} values.link
   * @param {"listening" | "thinking" | "speaking"} values.turn as the server says
   * @param {boolean} values.hearing the user is speaking
   * @param {boolean} values.microphone it is open
   * @param {boolean} values.possible there can be one on this page
   * @param {boolean} values.replying a reply is made or heard
   * @param {boolean} values.empty nothing was said yet
   */
  update(values) {
    const { link } = this.#values;
    Object.assign(this.#values, values);
    const now = this.#values;
    if (now.link !== link) this.link(text(`talk.link.${now.link}`));
    this.#find("link").dataset.link = now.link;
    this.#main.dataset.state = this.#state();
    this.#find("state").textContent = text(`talk.state.${this.#state()}`);
    this.#find("talk").setAttribute("aria-pressed", String(now.microphone));
    this.#find("talk").dataset.microphone = now.microphone ? "live" : now.link === "closed" && now.possible ? "ready" : "off";
    this.#find("stop").disabled = !this.canStop;
    this.#find("welcome").hidden = !now.empty;
  }

  /** Words on the connection. */
  link(words) {
    this.#find("link-text").textContent = words;
  }

  #state() {
    const { link, turn, hearing, microphone } = this.#values;
    if (link === "connecting" || link === "waiting") return link;
    if (link === "closed") return "off";
    if (hearing) return "hearing";
    if (turn === "listening") return microphone ? "listening" : "quiet";
    return turn;
  }

  #find(id) {
    return this.#main.querySelector(`#${id}`);
  }
}
