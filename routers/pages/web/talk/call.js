/** One conversation by WebRTC: audio on tracks, events on a data channel. It has the interface of a Connection. */

import { request } from "../shared/server.js";
import { Translation, session } from "./realtime.js";

const WAITING_MESSAGES = 16;

export class Call {
  #handlers;
  #peer = null;
  #channel = null;
  #sender = null;
  #track = null;
  #translation = null;
  #created = false;
  #waiting = [];

  /**
   * @param {object} handlers as those of Connection, and
   * @param {(stream: MediaStream | null) => void} handlers.stream what is to be heard
   * @param {(error: Error) => void} handlers.refused why there is no call
   */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  get isOpen() {
    return this.#created;
  }

  connect() {
    if (this.#peer === null) this.#dial();
  }

  close() {
    this.#forget();
    this.#handlers.status("closed");
  }

  /** Sends, connecting first if need be. */
  send(message) {
    if (this.#created) this.#command(this.#translation.write(message));
    else if (this.#waiting.length < WAITING_MESSAGES) {
      this.#waiting.push(message);
      this.connect();
    }
  }

  sendAudio() {} // it is on the track

  /** @param {MediaStreamTrack | null} track of the microphone, null: it is off */
  speak(track) {
    this.#track = track;
    this.#sender?.replaceTrack(track);
  }

  async #dial() {
    this.#handlers.status("connecting");
    const query = this.#handlers.wanted();
    const peer = new RTCPeerConnection();
    this.#peer = peer;
    this.#translation = new Translation();
    this.#sender = peer.addTransceiver(this.#track ?? "audio", { direction: "sendrecv" }).sender;
    peer.ontrack = ({ track }) => this.#handlers.stream(new MediaStream([track]));
    peer.onconnectionstatechange = () => peer.connectionState === "failed" && this.#lost();
    this.#channel = peer.createDataChannel("oai-events");
    this.#channel.onmessage = ({ data }) => this.#received(JSON.parse(data), query);
    this.#channel.onclose = () => this.#lost();
    try {
      await peer.setLocalDescription();
      const headers = { "Content-Type": "application/sdp" };
      const answer = await request("v1/realtime/calls", { method: "POST", headers, body: peer.localDescription.sdp });
      const sdp = await answer.text();
      if (this.#peer === peer) await peer.setRemoteDescription({ type: "answer", sdp }); // else hung up meanwhile
    } catch (error) {
      if (this.#peer !== peer) return;
      this.close();
      this.#handlers.refused(error);
    }
  }

  #received(event, query) {
    const { messages, commands } = this.#translation.read(event);
    if (event.type === "session.created") this.#opened(query);
    for (const message of messages) this.#handlers.message(message);
    this.#command(commands);
  }

  #opened(query) {
    this.#created = true;
    this.#handlers.status("open");
    this.#command([{ type: "session.update", session: session(query) }]);
    for (const waiting of this.#waiting.splice(0)) this.send(waiting);
  }

  #command(commands) {
    if (this.#channel?.readyState !== "open") return;
    for (const command of commands) this.#channel.send(JSON.stringify(command));
  }

  #lost() {
    this.close();
    this.#handlers.lost();
  }

  #forget() {
    const [peer, channel] = [this.#peer, this.#channel];
    this.#peer = this.#channel = this.#sender = null;
    this.#created = false;
    this.#waiting.length = 0;
    if (channel !== null) channel.onclose = channel.onmessage = null;
    peer?.close();
    this.#handlers.stream(null);
  }
}
