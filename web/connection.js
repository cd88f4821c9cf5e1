/**
 * One WebSocket that speaks voice.v1 in framed mode. Knows the wire, not the audio devices.
 *
 * Events: `message` (detail: a server event, parsed), `frame` (detail: a `Frame`), and `close`
 * (detail: `Closed`) exactly once.
 */

import { Kind, decodeFrame, encodeFrame } from "./frames.js";

const PING_INTERVAL_MS = 15_000;
const SILENCE_MS_MAX = 40_000;
const UNSENT_BYTES_MAX = 320_000; // ten seconds of microphone

/**
 * @typedef {object} Closed
 * @property {number} code  of the WebSocket; 1006 where there was no farewell
 * @property {{code: string, message: string, retry_after_ms?: number} | null} error  the fatal error that explained it
 */

export class Connection extends EventTarget {
  #socket;
  #hello;
  #sequence = 0;
  #opened = false;
  #error = null;
  #heardAt = performance.now();
  #pinging = 0;

  /**
   * @param {URL} url
   * @param {object} hello  the first message
   * @param {string} [key]  where the server wants one; scripts cannot set headers
   */
  constructor(url, hello, key = "") {
    super();
    this.#hello = hello;
    this.#socket = new WebSocket(url, key ? ["voice.v1", `token.${key}`] : ["voice.v1"]);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.#onOpen();
    this.#socket.onmessage = ({ data }) => this.#onMessage(data);
    this.#socket.onclose = ({ code }) => this.#onClose(code);
  }

  /** @param {object} message */
  send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /**
   * Microphone audio. Dropped before `ready`, and while the network takes nothing; the positions
   * tell the server what is missing.
   *
   * @param {number} position  of the first sample in the session
   * @param {Int16Array} samples
   */
  sendAudio(position, samples) {
    if (!this.#opened || this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > UNSENT_BYTES_MAX) return;
    const time = Math.round(performance.now());
    const sequence = this.#sequence;
    this.#socket.send(encodeFrame({ kind: Kind.INPUT_AUDIO, sequence, position, time, samples }));
    this.#sequence += 1;
  }

  /** Leave without waiting for an answer. */
  close() {
    this.send({ type: "bye" });
    this.#socket.close(1000);
  }

  #onOpen() {
    this.send(this.#hello);
    this.#pinging = setInterval(() => this.#ping(), PING_INTERVAL_MS);
  }

  #ping() {
    if (performance.now() - this.#heardAt > SILENCE_MS_MAX) {
      this.#onClose(1006); // a dead network closes nothing by itself
      this.#socket.close();
    } else {
      this.send({ type: "ping", t: performance.now() });
    }
  }

  /** @param {string | ArrayBuffer} data */
  #onMessage(data) {
    this.#heardAt = performance.now();
    if (typeof data !== "string") {
      this.#emit("frame", decodeFrame(data));
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "ready") this.#opened = true;
    if (message.type === "error" && message.fatal) this.#error = message;
    this.#emit("message", message);
  }

  /** @param {number} code */
  #onClose(code) {
    clearInterval(this.#pinging);
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#emit("close", { code, error: this.#error });
  }

  /** @param {string} type @param {unknown} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
