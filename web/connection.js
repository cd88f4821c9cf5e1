/**
 * One WebSocket that speaks voice.v1 in framed mode. Knows the wire, not the audio devices.
 *
 * Events: `message` (detail: a server event, parsed), `frame` (detail: a `Frame`), and `close`
 * (detail: `Closed`) exactly once.
 */

import { Kind, decodeFrame, encodeFrame } from "./frames.js";

const PING_INTERVAL_MS = 5000;
/** Where a ping was not answered, or the network has changed: the time to show a sign of life. */
const PROBE_MS = 2500;
/** Until `ready`. */
const OPENING_MS_MAX = 10_000;
const UNSENT_BYTES_MAX = 64_000; // two seconds of microphone
/** So long to stay away from a server that has said no, but not for how long. */
const REFUSED_MS = 1000;
/** Close code that means "I will be back". */
const LEFT = 4000;

/**
 * @typedef {object} Closed
 * @property {number} code  of the WebSocket; 1006 where there was no farewell
 * @property {{code: string, message: string} | null} error  the fatal error that explained it
 * @property {number} atLeastMs  how long the server asks to stay away
 */

export class Connection extends EventTarget {
  #socket;
  #hello;
  #sequence = 0;
  #error = null;
  #atLeastMs = 0;
  #unanswered = false;
  #pinging = 0;
  #probing = 0;
  #opening = setTimeout(() => this.#lose(), OPENING_MS_MAX);

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

  /** False while the network takes nothing: audio should wait. */
  get hasRoom() {
    return this.#socket.bufferedAmount <= UNSENT_BYTES_MAX;
  }

  /**
   * Microphone audio; after `ready`.
   *
   * @param {number} position  of the first sample in the session
   * @param {Int16Array} samples
   */
  sendAudio(position, samples) {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const time = Math.round(performance.now());
    const sequence = this.#sequence;
    this.#socket.send(encodeFrame({ kind: Kind.INPUT_AUDIO, sequence, position, time, samples }));
    this.#sequence += 1;
  }

  /** Find out soon whether the server can still be reached. */
  probe() {
    this.#ask();
    clearTimeout(this.#probing);
    this.#probing = setTimeout(() => { if (this.#unanswered) this.#lose(); }, PROBE_MS);
  }

  /** Go, to come back over another one: the server keeps the session. */
  leave() {
    this.#onClose(LEFT);
    this.#socket.close(LEFT);
  }

  /** Leave for good, without waiting for an answer. */
  close() {
    clearTimeout(this.#opening);
    clearTimeout(this.#probing);
    this.send({ type: "bye" });
    this.#socket.close(1000);
  }

  #onOpen() {
    this.send(this.#hello);
    this.#pinging = setInterval(() => this.#ping(), PING_INTERVAL_MS);
  }

  #ping() {
    if (this.#unanswered) this.probe(); // the answer may lie in the queue of a busy page
    else this.#ask();
  }

  #ask() {
    this.#unanswered = true;
    this.send({ type: "ping", t: performance.now() });
  }

  /** A dead network closes nothing by itself. */
  #lose() {
    this.#onClose(1006);
    this.#socket.close();
  }

  /** @param {string | ArrayBuffer} data */
  #onMessage(data) {
    this.#unanswered = false;
    if (typeof data !== "string") {
      this.#emit("frame", decodeFrame(data));
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "ready") clearTimeout(this.#opening);
    if (message.type === "error" && message.fatal) {
      this.#error = message;
      this.#atLeastMs = message.retry_after_ms ?? REFUSED_MS;
    }
    if (message.type === "going_away") this.#atLeastMs = message.reconnect_in_ms;
    this.#emit("message", message);
  }

  /** @param {number} code */
  #onClose(code) {
    clearInterval(this.#pinging);
    clearTimeout(this.#opening);
    clearTimeout(this.#probing);
    this.#socket.onopen = null;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#emit("close", { code, error: this.#error, atLeastMs: this.#atLeastMs });
  }

  /** @param {string} type @param {unknown} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
