/** What the server tells of a conversation goes to what is shown and played. It knows which reply is under way. */

import { dismiss, fail } from "../shared/notice.js";
import { Refused } from "../shared/server.js";
import { number, text } from "../shared/texts.js";

export class Course {
  #conversation;
  #player;
  #bars;
  #status;
  #update;
  #met = false; // whether there was a conversation before
  #active = null; // generation of the reply that is prepared or heard
  #held = new Map(); // generation -> seconds heard when it was interrupted

  /** @param {{conversation: object, player: object, bars: object, status: object}} parts @param {(values?: object) => void} update */
  constructor({ conversation, player, bars, status }, update) {
    this.#conversation = conversation;
    this.#player = player;
    this.#bars = bars;
    this.#status = status;
    this.#update = update;
  }

  /** Whether a reply is prepared or heard. */
  get isReplying() {
    return this.#active !== null;
  }

  /** The reply falls silent; the server is told by whoever asks for it. */
  silence() {
    if (this.#active !== null) this.#player.drop(this.#active);
  }

  audio(generation, sequence, pcm) {
    const seconds = this.#player.play(generation, pcm);
    if (sequence === 0 && seconds >= 0) this.#bars.arrived(generation, seconds * 1000);
  }

  message(message) {
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
        if (!(message.fatal && message.code === "idle_timeout")) fail(new Refused(0, { detail: message.message, ...message }));
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

  #replyDone(message) {
    const { generation, status } = message;
    if (status === "cancelled" || status === "interrupted") this.#player.drop(generation);
    if (generation === this.#active) this.#active = null;
    this.#held.delete(generation);
    this.#conversation.replyDone(message);
    this.#update();
  }
}
