/** A conversation: what people do goes to it. */

import { dismiss, fail, show, withoutMicrophone } from "../shared/notice.js";
import { text } from "../shared/texts.js";
import { Call } from "./call.js";
import { Choices } from "./choices.js";
import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { Course } from "./course.js";
import { Levels } from "./levels.js";
import { Microphone, RATE } from "./microphone.js";
import { Player } from "./player.js";
import { Status } from "./status.js";
import { Bars } from "./timing.js";
import { whyLost } from "./why_lost.js";

const OUTPUT_RATE = 24000; // Hz
const MICROPHONE_FIELDS = ["echoCancellation", "noiseSuppression", "autoGainControl"];
const CONVERSATION_FIELDS = ["language", "tts", "stt", "voice", "reply", "model", "interrupt"];

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function open(main, signal) {
  const page = new TalkPage(main, signal);
  await page.load();
}

class TalkPage {
  #main;
  #conversation;
  #course;
  #choices;
  #microphone;
  #player;
  #transports;
  #connection;
  #status;
  #signal;
  #wide = matchMedia("(min-width: 48rem) and (min-height: 40rem)"); // windows in which there is room for the choices

  constructor(main, signal) {
    this.#main = main;
    this.#signal = signal;
    this.#status = new Status(main);
    this.#conversation = new Conversation(this.#find("log"), this.#find("said"));
    this.#choices = new Choices(main, signal, (names) => this.#changed(names));
    this.#microphone = new Microphone((pcm) => this.#connection.sendAudio(pcm), () => this.#microphoneEnded());
    this.#player = new Player(OUTPUT_RATE, (generation, seconds) => {
      if (this.#connection.isOpen) this.#connection.send({ type: "played", generation, ms: Math.round(seconds * 1000) });
    });
    const bars = new Bars(this.#find("legend"));
    const parts = { conversation: this.#conversation, player: this.#player, bars, status: this.#status };
    this.#course = new Course(parts, (values) => this.#update(values));
    const handlers = {
      wanted: () => ({ rate: RATE, output_rate: OUTPUT_RATE, ...this.#choices.conversation }),
      message: (message) => this.#course.message(message),
      audio: (generation, sequence, pcm) => this.#course.audio(generation, sequence, pcm),
      stream: (stream) => this.#player.follow(stream),
      status: (status) => this.#linkChanged(status),
      lost: () => whyLost(signal),
      refused: fail,
    };
    this.#transports = { websocket: new Connection(handlers, signal), webrtc: new Call(handlers) };
    this.#connection = this.#transports[this.#choices.transport];
    new Levels(main, () => [this.#microphone.level, this.#player.level], signal);
    this.#listen(signal);
  }

  async load() {
    this.#find("options").open = this.#wide.matches;
    if (!Microphone.possible) show(text("talk.https.title"), text("talk.https.text"));
    this.#update();
    await this.#choices.load();
  }

  #listen(signal) {
    this.#find("talk").addEventListener("click", () => this.#toggleMicrophone());
    this.#find("stop").addEventListener("click", () => this.#stop());
    this.#find("write").addEventListener("submit", (event) => this.#write(event));
    this.#find("open-settings").addEventListener("click", () => this.#find("settings").showModal());
    const stops = ({ key }) => key === "Escape" && !document.querySelector("dialog[open]") && this.#stop();
    document.addEventListener("keydown", stops, { signal });
    this.#wide.addEventListener("change", ({ matches }) => (this.#find("options").open = matches), { signal });
    window.addEventListener("pagehide", () => this.#connection.close(), { signal });
    signal.addEventListener("abort", () => this.#leave());
  }

  /** @param {string} id @returns {HTMLElement} */
  #find(id) {
    return this.#main.querySelector(`#${id}`);
  }

  #leave() {
    this.#connection.close();
    this.#closeMicrophone();
    this.#player.close();
  }

  #linkChanged(status) {
    if (status !== "open") this.#player.reset();
    if (status === "closed") this.#closeMicrophone();
    this.#update({ link: status, hearing: false });
  }

  #update(values = {}) {
    if (this.#signal.aborted) return;
    const sounds = { microphone: this.#microphone.isOpen, possible: Microphone.possible };
    this.#status.update({ ...sounds, replying: this.#course.isReplying, empty: this.#conversation.isEmpty, ...values });
  }

  async #toggleMicrophone() {
    if (this.#microphone.isOpen) {
      this.#closeMicrophone();
      if (this.#status.isHearing) this.#connection.send({ type: "commit" });
      this.#update();
    } else if (Microphone.possible) await this.#openMicrophone();
    else show(text("talk.https.title"), text("talk.https.text"));
  }

  async #openMicrophone() {
    try {
      await Promise.all([this.#microphone.open(this.#choices.processing).catch(withoutMicrophone), this.#player.open()]);
      if (!this.#microphone.isOpen) return; // the page was left meanwhile
      dismiss();
      this.#transports.webrtc.speak(this.#microphone.track);
      this.#connection.connect();
    } catch (error) {
      this.#microphone.close();
      fail(error);
    }
    this.#update();
  }

  #closeMicrophone() {
    this.#microphone.close();
    this.#transports.webrtc.speak(null);
  }

  #microphoneEnded() {
    this.#closeMicrophone();
    show(text("error.microphone.title"), text("talk.microphone.gone"));
    this.#update();
  }

  async #write(event) {
    event.preventDefault();
    const field = this.#find("text");
    const words = field.value.trim();
    if (words === "") return;
    field.value = "";
    await this.#player.open();
    this.#course.silence();
    this.#connection.send({ type: "text", text: words });
    this.#conversation.typed(words);
    this.#update();
  }

  #stop() {
    if (!this.#status.canStop) return;
    this.#course.silence();
    this.#connection.send({ type: "cancel" });
  }

  /** Choices take effect at once where the conversation runs. @param {Set<string>} names */
  #changed(names) {
    if (names.has("webrtc")) {
      // A conversation of another kind begins when somebody speaks or writes.
      this.#connection.close();
      this.#connection = this.#transports[this.#choices.transport];
    }
    if (this.#microphone.isOpen && MICROPHONE_FIELDS.some((name) => names.has(name))) this.#openMicrophone();
    if (this.#connection.isOpen && CONVERSATION_FIELDS.some((name) => names.has(name))) {
      this.#connection.send({ type: "session.update", config: this.#choices.conversation });
    }
  }
}
