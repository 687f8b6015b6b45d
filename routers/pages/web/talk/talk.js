/** A conversation: what people do goes to it, what it says is shown and played. */

import { dismiss, fail, show, withoutMicrophone } from "../shared/notice.js";
import { keyChanges } from "../shared/server.js";
import { number, text } from "../shared/texts.js";
import { Call } from "./call.js";
import { Choices } from "./choices.js";
import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
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
  #bars;
  #choices;
  #microphone;
  #player;
  #transports;
  #connection;
  #status;
  #signal;
  #wide = matchMedia("(min-width: 48rem) and (min-height: 40rem)"); // windows in which there is room for the choices
  #met = false; // whether there was a conversation before
  #active = null; // generation of the reply that is prepared or heard
  #held = new Map(); // generation -> seconds heard when it was interrupted

  constructor(main, signal) {
    this.#main = main;
    this.#signal = signal;
    this.#status = new Status(main);
    this.#conversation = new Conversation(this.#find("log"), this.#find("said"));
    this.#bars = new Bars(this.#find("legend"));
    this.#choices = new Choices(main, signal, (names) => this.#changed(names));
    this.#microphone = new Microphone((pcm) => this.#connection.sendAudio(pcm), () => this.#microphoneEnded());
    this.#player = new Player(OUTPUT_RATE, (generation, seconds) => {
      if (this.#connection.isOpen) this.#connection.send({ type: "played", generation, ms: Math.round(seconds * 1000) });
    });
    const handlers = {
      wanted: () => ({ rate: RATE, output_rate: OUTPUT_RATE, ...this.#choices.conversation }),
      message: (message) => this.#message(message),
      audio: (generation, sequence, pcm) => this.#heard(generation, sequence, pcm),
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
    keyChanges.addEventListener("change", () => this.#choices.load().catch(fail), { signal });
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

  #message(message) {
    const { generation } = message;
    switch (message.type) {
      case "session.created":
        return this.#begin(message.resumed, message.history);
      case "state":
        return this.#update({ turn: message.state });
      case "speech_start":
        this.#update({ hearing: true });
        return this.#conversation.speechStart(message);
      case "speech_end":
        return this.#update({ hearing: false });
      case "partial":
        return this.#conversation.partial(message);
      case "transcript":
        this.#status.link(text("talk.link.open"));
        return this.#conversation.transcript(message);
      case "transcript_failed":
        return this.#conversation.transcriptFailed(message);
      case "reply.start":
        this.#active = generation;
        return this.#conversation.replyStart(message);
      case "reply.delta":
        return this.#conversation.replyDelta(message);
      case "reply.done":
        return this.#replyDone(message);
      case "duck":
        return this.#player.duck(generation);
      case "unduck":
        return this.#player.unduck(generation);
      case "interrupted":
        this.#player.drop(generation);
        this.#held.set(generation, message.heard_ms / 1000);
        return this.#conversation.interrupted(message);
      case "resumed":
        this.#player.resume(generation, this.#held.get(generation) ?? 0);
        return this.#conversation.resumed(message);
      case "turn_metrics":
        if (message.generation === 0 || message.first_byte_ms === null) return; // nothing was to be heard
        return this.#conversation.attach(generation, this.#bars.bar(message));
      case "lagging":
        return this.#status.link(text("talk.lagging", { seconds: number(message.seconds, { maximumFractionDigits: 1 }) }));
      case "error":
        if (!(message.fatal && message.code === "idle_timeout")) show(text("talk.server_says"), message.message);
    }
  }

  #begin(resumed, history) {
    this.#conversation.reset();
    this.#player.reset();
    this.#held.clear();
    this.#bars.clear();
    const goesOn = resumed && history > 0;
    if (goesOn) this.#conversation.note(text(this.#met ? "talk.again" : "talk.goes_on"));
    else if (this.#met) this.#conversation.note(text("talk.anew"));
    this.#met = true;
    this.#active = null;
    dismiss();
    this.#update({ turn: "listening", hearing: false });
  }

  #heard(generation, sequence, pcm) {
    const seconds = this.#player.play(generation, pcm);
    if (sequence === 0 && seconds >= 0) this.#bars.arrived(generation, seconds * 1000);
  }

  #replyDone(message) {
    const { generation, status } = message;
    if (status === "cancelled" || status === "interrupted") this.#player.drop(generation);
    if (generation === this.#active) this.#active = null;
    this.#held.delete(generation);
    this.#conversation.replyDone(message);
    this.#update();
  }

  #linkChanged(status) {
    if (status !== "open") this.#player.reset();
    if (status === "closed") this.#closeMicrophone();
    this.#update({ link: status, hearing: false });
  }

  #update(values = {}) {
    if (this.#signal.aborted) return;
    const sounds = { microphone: this.#microphone.isOpen, possible: Microphone.possible };
    this.#status.update({ ...sounds, replying: this.#active !== null, empty: this.#conversation.isEmpty, ...values });
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
    if (this.#active !== null) this.#player.drop(this.#active);
    this.#connection.send({ type: "text", text: words });
    this.#conversation.typed(words);
    this.#update();
  }

  #stop() {
    if (!this.#status.canStop) return;
    if (this.#active !== null) this.#player.drop(this.#active);
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
