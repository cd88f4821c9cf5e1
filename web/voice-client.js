/**
 * A conversation with the server from a browser: microphone in, voice out, events for the rest.
 *
 *     const client = new VoiceClient();
 *     client.addEventListener("event", ({ detail }) => console.log(detail.type));
 *     button.onclick = () => client.start();
 *
 * Events:
 *   `event`    every JSON message of the server (detail: the message; protocol voice.v1)
 *   `status`   detail: `{status, retryInMs?, error?}`, see `Status`
 *   `playback` what the user hears of a reply (detail: `Heard` of loudspeaker.js)
 *   `problem`  something the user must know (detail: `{code, message?}`; words in problems.js)
 */

import { Connection } from "./connection.js";
import { Flag } from "./frames.js";
import { Loudspeaker } from "./loudspeaker.js";
import { Microphone } from "./microphone.js";
import { ATTEMPTS_MAX, mayComeBack, retryDelayMs } from "./reconnection.js";
import { answer, offered } from "./tools.js";

/** @typedef {"idle" | "connecting" | "open" | "retrying"} Status */
/** @typedef {"conversation" | "transcription"} Mode */

const INPUT_RATE = 16_000;
const OUTPUT_RATE = 24_000;
const REPORT_INTERVAL_MS = 200;
const FRAME_MS = 20;
const PLAYING = new Set(["started", "position", "resumed"]);
const FEATURES = ["partials", "marks", "word_times", "state", "metrics", "levels", "pause", "items"];

export class VoiceClient extends EventTarget {
  /** @type {Status} */
  status = "idle";
  /** @type {Mode} */
  mode = "conversation";
  /**
   * For servers that want one: a key; or what fetches a ticket, asked before each connection,
   * because a ticket is good for one.
   *
   * @type {string | (() => Promise<string>)}
   */
  key = "";
  /**
   * What this page can do for the language model, by name. Set it before `start`. Whatever is called
   * is run, and its result sent; the `event` of type `tool.call` is for your information.
   *
   * @type {import("./tools.js").Tools}
   */
  tools = {};
  /** What sessions begin with; `configure` changes it. @type {Record<string, unknown>} */
  #config = {};
  /** What the newest hello said of it. */
  #greeted = this.#config;
  #muted = false;
  #devices = { microphone: "", loudspeaker: "" };
  #url;
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {Microphone | null} */
  #microphone = null;
  /** @type {Loudspeaker | null} */
  #loudspeaker = null;
  /** @type {Connection | null} */
  #connection = null;
  #starts = 0;
  #connects = 0;
  #attempt = 0;
  #retryTimer = 0;
  #samplesSent = 0;
  #firstSampleAt = 0;
  #stoppedStream = -1;
  #reportedAt = 0;

  /** @param {{url?: URL}} [options]  by default the server this file came from */
  constructor({ url = new URL("v1/voice", import.meta.url) } = {}) {
    super();
    this.#url = new URL(url);
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
  }

  /** True while the microphone is open. */
  get hasMicrophone() {
    return this.#microphone !== null;
  }

  /** @returns {{microphone: AnalyserNode | null, voice: AnalyserNode | null}} */
  get analysers() {
    return {
      microphone: this.#microphone?.analyser ?? null,
      voice: this.#loudspeaker?.analyser ?? null,
    };
  }

  /**
   * Open the devices and the connection. Call it from a click: browsers insist.
   *
   * @param {{microphone?: boolean}} [options]  false: for typed messages only
   * @throws {DOMException}  as `Microphone.open`; `SecurityError` where the page's address keeps
   *   the browser from giving out microphones and worklets
   */
  async start({ microphone = true } = {}) {
    this.#starts += 1;
    const start = this.#starts;
    const context = await this.#openContext();
    const opened = microphone && !this.#microphone ? await Microphone.open(context, this.#devices.microphone) : null;
    if (start !== this.#starts) {
      opened?.close(); // the user has changed their mind meanwhile
      return;
    }
    if (opened) this.#adopt(opened);
    if (this.status === "idle") this.#connect();
  }

  /** Say goodbye and let go of everything. */
  stop() {
    this.#starts += 1;
    this.#attempt = 0;
    this.#disconnect();
    this.#microphone?.close();
    this.#microphone = null;
    this.#context?.suspend();
    this.#setStatus("idle");
  }

  /** Answer what is said, or only write it down. Begins a new session. @param {Mode} mode */
  setMode(mode) {
    this.mode = mode;
    if (this.status === "idle") return;
    this.#disconnect();
    this.#connect();
  }

  /** A typed message. @param {string} text */
  sendText(text) {
    this.send({ type: "text", text });
  }

  /** Stop the reply that is being made or heard. */
  cancel() {
    this.send({ type: "cancel" });
  }

  /**
   * Answer now, without waiting for the user.
   *
   * @param {object} [options]  `instructions`, `modalities`, `aside`, `follows`, …: see PROTOCOL.md
   */
  respond(options = {}) {
    this.send({ ...options, type: "respond" });
  }

  /** Any other message of the protocol; dropped without a connection. @param {object} message */
  send(message) {
    this.#connection?.send(message);
  }

  /**
   * Change `language`, `voice`, `turn`, …: now, and for the sessions to come.
   *
   * @param {Record<string, unknown>} config  see PROTOCOL.md
   */
  configure(config) {
    this.#config = { ...this.#config, ...config };
    if (this.status === "open") this.send({ type: "config.update", config });
  }

  /**
   * Keep the microphone to yourself. An open turn ends here, and is answered.
   *
   * @param {boolean} muted
   */
  setMuted(muted) {
    if (muted === this.#muted) return;
    this.#muted = muted;
    this.#tellMuted();
  }

  /**
   * Choose devices, at once if they are open. An empty name is the system's own choice, and so is a
   * device that has gone.
   *
   * @param {{microphone?: string, loudspeaker?: string}} ids  of `enumerateDevices`
   * @throws {DOMException}  as `Microphone.open`
   */
  async useDevices({ microphone = "", loudspeaker = "" }) {
    const moved = microphone !== this.#devices.microphone;
    this.#devices = { microphone, loudspeaker };
    await this.#useLoudspeaker();
    if (!moved || !this.#microphone || !this.#context) return;
    const start = this.#starts;
    const other = await Microphone.open(this.#context, microphone);
    if (start !== this.#starts) {
      other.close(); // the user has changed their mind meanwhile
      return;
    }
    this.#microphone?.close();
    this.#adopt(other);
  }

  /**
   * When the microphone heard a moment of the session, on `performance.now()`'s clock.
   *
   * @param {number} sessionMs  milliseconds of microphone audio, as in the server's events
   */
  capturedAt(sessionMs) {
    return this.#firstSampleAt + sessionMs;
  }

  async #openContext() {
    if (!isSecureContext) throw new DOMException("Not a secure origin.", "SecurityError");
    if (!this.#context) {
      const context = new AudioContext({ latencyHint: "interactive" });
      for (const name of ["capture-worklet.js", "playback-worklet.js"]) {
        await context.audioWorklet.addModule(new URL(name, import.meta.url));
      }
      this.#context = context;
      await this.#useLoudspeaker();
    }
    await this.#context.resume();
    return this.#context;
  }

  /** Not every browser lets a page choose, and what was chosen may have gone. */
  async #useLoudspeaker() {
    const context = /** @type {any} */ (this.#context);
    try {
      await context?.setSinkId?.(this.#devices.loudspeaker);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      await context.setSinkId("");
    }
  }

  #tellMuted() {
    this.send({ type: this.#muted ? "audio.mute" : "audio.unmute" });
  }

  /** @param {Microphone} microphone */
  #adopt(microphone) {
    this.#microphone = microphone;
    this.#listen(microphone, "frame", (samples) => this.#sendAudio(samples));
    this.#listen(microphone, "ended", () => {
      this.stop();
      this.#emit("problem", { code: "microphone_ended" });
    });
  }

  async #connect() {
    this.#setStatus(this.#attempt ? "retrying" : "connecting");
    this.#connects += 1;
    const connect = this.#connects;
    let key;
    try {
      key = typeof this.key === "string" ? this.key : await this.key();
    } catch {
      if (connect === this.#connects) this.#onClose({ code: 1006, error: null });
      return;
    }
    if (connect !== this.#connects) return; // the user has changed their mind meanwhile
    const connection = new Connection(this.#url, this.#hello(), key);
    this.#connection = connection;
    this.#listen(connection, "message", (message) => this.#onMessage(message));
    this.#listen(connection, "frame", (frame) => this.#onFrame(frame));
    this.#listen(connection, "close", (closed) => {
      if (connection === this.#connection) this.#onClose(closed);
    });
  }

  #hello() {
    this.#greeted = this.#config;
    return {
      type: "hello",
      protocol: 1,
      client: { name: "web", version: "1.0" },
      mode: this.mode,
      audio: {
        framing: "framed",
        input: { codec: "pcm_s16le", rate: INPUT_RATE, channels: 1, frame_ms: FRAME_MS },
        output: { codec: "pcm_s16le", rates: [OUTPUT_RATE], max_lead_ms: 2000 },
      },
      playback: { reports: true, interval_ms: REPORT_INTERVAL_MS, echo_cancelled: true },
      features: FEATURES,
      config: { ...this.#config, tools: offered(this.tools) },
    };
  }

  #disconnect() {
    clearTimeout(this.#retryTimer);
    this.#connects += 1;
    const connection = this.#connection;
    this.#connection = null;
    connection?.close();
    this.#loudspeaker?.close();
    this.#loudspeaker = null;
  }

  /** @param {Int16Array} samples */
  #sendAudio(samples) {
    if (this.status !== "open") return;
    if (this.#samplesSent === 0) this.#firstSampleAt = performance.now() - FRAME_MS;
    this.#connection?.sendAudio(this.#samplesSent, this.#muted ? samples.fill(0) : samples);
    this.#samplesSent += samples.length;
  }

  /** @param {any} message  of the server */
  #onMessage(message) {
    const { type, stream } = message;
    if (type === "ready") this.#onReady(message);
    if (type === "audio.done") this.#loudspeaker?.end(stream);
    if (type === "playback.pause") this.#loudspeaker?.pause(stream);
    if (type === "playback.resume") this.#loudspeaker?.resume(stream);
    if (type === "playback.stop") this.#flush(stream);
    if (type === "tool.call" && message.by === "client") this.#runTool(message);
    this.#emit("event", message);
  }

  /** @param {any} call */
  async #runTool(call) {
    this.send(await answer(this.tools, call));
  }

  /** @param {any} ready */
  #onReady(ready) {
    this.#attempt = 0;
    this.#samplesSent = 0;
    this.#stoppedStream = -1;
    const rate = ready.audio.output?.rate ?? OUTPUT_RATE;
    this.#loudspeaker = new Loudspeaker(/** @type {AudioContext} */ (this.#context), rate);
    this.#listen(this.#loudspeaker, "playback", (heard) => this.#onPlayback(heard));
    this.#setStatus("open");
    if (this.#greeted !== this.#config) this.send({ type: "config.update", config: this.#config });
    if (this.#muted) this.#tellMuted();
  }

  /** @param {import("./frames.js").Frame} frame */
  #onFrame({ stream, position, flags, samples }) {
    if (stream <= this.#stoppedStream) return;
    this.#loudspeaker?.play({ stream, position, last: (flags & Flag.END) !== 0, samples });
  }

  /** @param {number} stream */
  #flush(stream) {
    this.#stoppedStream = Math.max(this.#stoppedStream, stream);
    this.#loudspeaker?.flush(stream);
  }

  /** @param {import("./loudspeaker.js").Heard} heard */
  #onPlayback(heard) {
    const now = performance.now();
    const regular = heard.type === "position";
    if (heard.type === "overflow") return;
    if (!regular || now - this.#reportedAt >= REPORT_INTERVAL_MS) {
      const state = PLAYING.has(heard.type) ? "playing" : heard.type;
      this.#connection?.send({
        type: "playback", stream: heard.stream, pos: heard.position, state, t: Math.round(now),
      });
      this.#reportedAt = now;
    }
    this.#emit("playback", heard);
  }

  /** @param {import("./connection.js").Closed} closed */
  #onClose({ code, error }) {
    this.#disconnect();
    if (mayComeBack(code) && this.#attempt < ATTEMPTS_MAX) {
      const delayMs = Math.max(error?.retry_after_ms ?? 0, retryDelayMs(this.#attempt));
      this.#attempt += 1;
      this.#retryTimer = setTimeout(() => this.#connect(), delayMs);
      this.#setStatus("retrying", { retryInMs: delayMs, error });
      return;
    }
    this.stop();
    this.#emit("problem", error ?? { code: code === 1000 ? "ended" : "connection_lost" });
  }

  /** @param {Status} status @param {object} [more] */
  #setStatus(status, more = {}) {
    this.status = status;
    this.#emit("status", { status, ...more });
  }

  /** @param {EventTarget} target @param {string} type @param {(detail: any) => void} handle */
  #listen(target, type, handle) {
    target.addEventListener(type, (event) => handle(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {string} type @param {unknown} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
