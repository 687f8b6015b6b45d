/**
 * The events of a Realtime session as the messages of a conversation, and its commands the other way round, so that the
 * page is the same however it is connected. Nothing here knows of connections.
 */

const TRANSCRIPTION = "conversation.item.input_audio_transcription";

export class Translation {
  #turns = new Map(); // id of an item -> number of the turn
  #generations = new Map(); // id of a response -> number of the reply
  #ended = new Map(); // id of an item whose end is told when it is known what was heard -> message
  #active = null; // id of the response that is made or heard

  /** @param {object} event of the server @returns {{messages: object[], commands: object[]}} */
  read(event) {
    const commands = [];
    const messages = this.#read(event, commands);
    return { messages: [messages ?? []].flat(), commands };
  }

  /** @param {object} message of the page @returns {object[]} commands */
  write(message) {
    switch (message.type) {
      case "text":
        return [
          ...this.#stop(),
          { type: "conversation.item.create", item: typed(message.text) },
          { type: "response.create" },
        ];
      case "cancel":
        return this.#stop();
      case "commit":
        return [{ type: "input_audio_buffer.commit" }];
      case "session.update":
        return [{ type: "session.update", session: session(message.config) }];
      default:
        return []; // what was played, the server knows
    }
  }

  #stop() {
    return this.#active === null ? [] : [{ type: "output_audio_buffer.clear" }];
  }

  #read(event, commands) {
    switch (event.type) {
      case "session.created":
        return { type: "session.created", resumed: false, history: 0 };
      case "input_audio_buffer.speech_started":
        return { type: "speech_start", turn: this.#turn(event.item_id) };
      case "input_audio_buffer.speech_stopped":
        return [{ type: "speech_end" }, state("thinking")];
      case `${TRANSCRIPTION}.delta`:
        return { type: "partial", turn: this.#turn(event.item_id), stable_delta: event.delta, tail: "" };
      case `${TRANSCRIPTION}.completed`:
        return this.#heard(event);
      case `${TRANSCRIPTION}.failed`:
        return { type: "transcript_failed", turn: this.#turn(event.item_id), error: event.error };
      case "response.created":
        this.#active = event.response.id;
        return [{ type: "reply.start", generation: this.#generation(event.response.id) }, state("thinking")];
      case "response.output_text.delta":
      case "response.output_audio_transcript.delta":
        return { type: "reply.delta", generation: this.#generation(event.response_id), text: event.delta };
      case "output_audio_buffer.started":
        return state("speaking");
      case "response.done":
        return this.#done(event.response, commands);
      case "conversation.item.retrieved":
        return this.#told(event.item);
      case "error":
        return { type: "error", code: event.error.code, message: event.error.message, fatal: false };
      default:
        return [];
    }
  }

  #heard({ item_id, transcript }) {
    const message = { type: "transcript", turn: this.#turn(item_id), text: transcript };
    return transcript.trim() === "" && this.#active === null ? [message, state("listening")] : message;
  }

  /** What was heard of a reply that was cut off, the server tells when it is asked. */
  #done(response, commands) {
    if (this.#active === response.id) this.#active = null;
    const item = response.output.find(({ type }) => type === "message");
    const text = item?.content[0]?.transcript ?? item?.content[0]?.text ?? "";
    const { status, status_details } = response;
    const error = status === "failed" ? (status_details?.error ?? { message: "no reason was given" }) : undefined;
    const message = { type: "reply.done", generation: this.#generation(response.id), status, text, heard: text, error };
    const after = this.#active === null ? [state("listening")] : [];
    if (status !== "cancelled" || item === undefined) return [message, ...after];
    this.#ended.set(item.id, message);
    commands.push({ type: "conversation.item.retrieve", item_id: item.id });
    return after;
  }

  #told(item) {
    const message = this.#ended.get(item.id);
    this.#ended.delete(item.id);
    return message === undefined ? [] : { ...message, heard: item.content[0]?.transcript ?? "" };
  }

  #turn(id) {
    return numbered(this.#turns, id);
  }

  #generation(id) {
    return numbered(this.#generations, id);
  }
}

/** The settings of the page as a session has them. @returns {object} */
export function session({ language, tts, stt, voice, interrupt }) {
  return {
    type: "realtime",
    audio: {
      input: {
        transcription: { model: stt, ...(language ? { language } : {}) },
        turn_detection: { type: "semantic_vad", interrupt_response: interrupt },
      },
      ...(voice ? { output: { voice } } : {}),
    },
    ...(tts && tts !== "auto" ? { model: tts } : {}),
  };
}

function typed(text) {
  return { type: "message", role: "user", content: [{ type: "input_text", text }] };
}

function state(name) {
  return { type: "state", state: name };
}

function numbered(numbers, id) {
  if (!numbers.has(id)) numbers.set(id, numbers.size + 1);
  return numbers.get(id);
}
