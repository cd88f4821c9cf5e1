/**
 * A conversation with the server from a browser: microphone in, voice out, events for the rest.
 *
 *     const client = new VoiceClient();
 *     client.addEventListener("event", ({ detail }) => console.log(detail.type));
 *     button.onclick = () => client.start();
 *
 * A connection that breaks is not the end: the client comes back by itself, says again what did not
 * arrive, and hears what it missed. While it is away, what it is told to say waits.
 *
 * Events:
 *   `event`    every JSON message of the server, once (detail: the message; protocol voice.v1);
 *              `ready` begins a session, and one that came back just goes on
 *   `status`   detail: `{status, retryInMs?, error?}`, see `Status`
 *   `back`     a connection is there again (detail: `Back` of resuming.js)
 *   `playback` what the user hears of a reply (detail: `Heard` of loudspeaker.js)
 *   `problem`  something the user must know (detail: `{code, message?}`; words in problems.js)
 */

import { Connection } from "./connection.js";
import { Devices } from "./devices.js";
import { Playback, REPORTS } from "./playback.js";
import { ATTEMPTS_MAX, LONGEST_MS, mayComeBack, retryDelayMs } from "./reconnection.js";
import { Resuming } from "./resuming.js";
import { answer, offered } from "./tools.js";

/** @typedef {"idle" | "connecting" | "open" | "retrying"} Status */
/** @typedef {"conversation" | "transcription"} Mode */

const INPUT_RATE = 16_000;
const OUTPUT_RATE = 24_000;
const FRAME_MS = 20;
const NETWORK_CHANGES = ["online", "offline"];
/** Messages that mean nothing on another connection. */
const FLEETING = new Set(["ping", "bye", "playback"]);
const FEATURES = [
  "partials", "marks", "word_times", "state", "metrics", "levels", "pause", "items", "resume",
];

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
  #url;
  #devices = new Devices();
  #playback = new Playback();
  /** @type {Connection | null} */
  #connection = null;
  #resuming = new Resuming();
  #connects = 0;
  #attempt = 0;
  #openedAt = Infinity;
  #retryTimer = 0;
  #firstSampleAt = 0;
  #networkChanges = () => this.#hurry();
  #pageGoes = () => this.stop();

  /** @param {{url?: URL}} [options]  by default the server this file came from */
  constructor({ url = new URL("v1/voice", import.meta.url) } = {}) {
    super();
    this.#url = new URL(url);
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.#listen(this.#playback, "report", () => this.#tellReport());
    this.#listen(this.#playback, "playback", (heard) => this.#emit("playback", heard));
    this.#listen(this.#devices, "frame", (samples) => this.#speak(samples));
    this.#listen(this.#devices, "ended", () => {
      this.stop();
      this.#emit("problem", { code: "microphone_ended" });
    });
  }

  /** True while the microphone is open. */
  get hasMicrophone() {
    return this.#devices.microphone !== null;
  }

  /** True where the session would outlive its connection, and what is said meanwhile is kept. */
  get keeps() {
    return this.#resuming.possible;
  }

  /** @returns {{microphone: AnalyserNode | null, voice: AnalyserNode | null}} */
  get analysers() {
    return {
      microphone: this.#devices.microphone?.analyser ?? null,
      voice: this.#playback.analyser,
    };
  }

  /**
   * Open the devices and the connection. Call it from a click: browsers insist.
   *
   * @param {{microphone?: boolean}} [options]  false: for typed messages only
   * @throws {DOMException}  as `Devices.open`
   */
  async start({ microphone = true } = {}) {
    if (!(await this.#devices.open({ microphone }))) return; // the user has changed their mind
    if (this.status !== "idle") return;
    for (const type of NETWORK_CHANGES) addEventListener(type, this.#networkChanges);
    addEventListener("pagehide", this.#pageGoes); // or the server would wait for a page that is gone
    this.#connect();
  }

  /** Say goodbye and let go of everything. */
  stop() {
    for (const type of NETWORK_CHANGES) removeEventListener(type, this.#networkChanges);
    removeEventListener("pagehide", this.#pageGoes);
    this.#disconnect();
    this.#devices.close();
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

  /** Stop the reply that is being made or heard, even while the server is out of reach. */
  cancel() {
    if (this.status === "retrying") this.#playback.hush();
    this.send({ type: "cancel" });
  }

  /**
   * Answer now, without waiting for the user.
   *
   * @param {Record<string, unknown>} [options]  `instructions`, `modalities`, `aside`, `follows`, …: see PROTOCOL.md
   */
  respond(options = {}) {
    this.send({ ...options, type: "respond" });
  }

  /**
   * Any other message of the protocol. In a session that outlives its connection it waits for the
   * next one, and is obeyed once; it is lost with the session.
   *
   * @param {Record<string, any> & {type: string, id?: string}} message
   */
  send(message) {
    if (!this.keeps || FLEETING.has(message.type)) this.#connection?.send(message);
    else if (this.#resuming.outgoing.command(message)) this.#sendWaiting();
    else this.#emit("problem", { code: "unsent" });
  }

  /**
   * Change `language`, `voice`, `turn`, …: now, and for the sessions to come.
   *
   * @param {Record<string, unknown>} config  see PROTOCOL.md
   */
  configure(config) {
    this.#config = { ...this.#config, ...config };
    if (this.status === "open" || this.keeps) this.send({ type: "config.update", config });
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
   * @throws {DOMException}  as `Devices.choose`
   */
  async useDevices({ microphone = "", loudspeaker = "" }) {
    await this.#devices.choose({ microphone, loudspeaker });
  }

  /**
   * When the microphone heard a moment of the session, on `performance.now()`'s clock.
   *
   * @param {number} sessionMs  milliseconds of microphone audio, as in the server's events
   */
  capturedAt(sessionMs) {
    return this.#firstSampleAt + sessionMs;
  }

  async #connect() {
    this.#setStatus(this.#attempt ? "retrying" : "connecting");
    this.#connects += 1;
    const connect = this.#connects;
    let key;
    try {
      key = typeof this.key === "string" ? this.key : await this.key();
    } catch {
      if (connect === this.#connects) this.#onClose({ code: 1006, error: null, atLeastMs: 0 });
      return;
    }
    if (connect !== this.#connects) return; // the user has changed their mind meanwhile
    const connection = new Connection(this.#address(), this.#hello(), key);
    this.#connection = connection;
    this.#listen(connection, "message", (message) => this.#onMessage(message));
    this.#listen(connection, "frame", (frame) => this.#onFrame(frame));
    this.#listen(connection, "close", (closed) => {
      if (connection === this.#connection) this.#onClose(closed);
    });
  }

  /** A session that is wanted back is named, so that a proxy finds the server that has it. */
  #address() {
    const url = new URL(this.#url);
    const { request } = this.#resuming;
    if (request) url.searchParams.set("sid", request.session);
    return url;
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
      playback: REPORTS,
      features: FEATURES,
      config: { ...this.#config, tools: offered(this.tools) },
      resume: this.#resuming.request,
    };
  }

  /** Leave the session for good. */
  #disconnect() {
    clearTimeout(this.#retryTimer);
    this.#attempt = 0;
    this.#connects += 1;
    const connection = this.#connection;
    this.#connection = null;
    connection?.close();
    this.#resuming.forget();
    this.#playback.close();
  }

  /** The network has come or gone: do not wait any longer to see what that means. */
  #hurry() {
    if (this.status === "open") this.#connection?.probe();
    if (this.status !== "retrying" || this.#connection) return;
    clearTimeout(this.#retryTimer);
    this.#connect();
  }

  /** @param {Int16Array} samples */
  #speak(samples) {
    if (this.status === "idle" || (this.status === "retrying" && !this.keeps)) return;
    const { outgoing } = this.#resuming;
    if (outgoing.end === 0) this.#firstSampleAt = performance.now() - FRAME_MS;
    outgoing.speak(this.#muted ? samples.fill(0) : samples);
    this.#sendWaiting();
  }

  #sendWaiting() {
    const connection = this.#connection;
    if (this.status !== "open" || !connection) return;
    for (;;) {
      const said = this.#resuming.outgoing.take(connection.hasRoom);
      if (!said) return;
      if ("id" in said) connection.send(said.message);
      else connection.sendAudio(said.position, said.samples);
    }
  }

  /** @param {any} message  of the server */
  #onMessage(message) {
    const { type } = message;
    if (type === "ready") this.#onReady(message);
    const goesOn = type === "ready" && message.resumed;
    if (goesOn || !this.#resuming.note(message)) return;
    this.#playback.obey(message);
    if (type === "tool.call" && message.by === "client") this.#runTool(message);
    if (type === "notice" && message.code === "token_expires") this.#renewKey();
    this.#emit("event", message);
  }

  /** @param {any} call */
  async #runTool(call) {
    this.send(await answer(this.tools, call));
  }

  /** Go on over another connection, with another key, while there is time. */
  #renewKey() {
    if (typeof this.key === "function" && this.keeps) this.#connection?.leave();
  }

  /** @param {any} ready */
  #onReady(ready) {
    this.#openedAt = performance.now();
    const { movedSamples, back } = this.#resuming.greeted(ready, this.#openedAt);
    this.#firstSampleAt += (movedSamples * 1000) / INPUT_RATE;
    if (!ready.resumed) this.#beginSession(ready);
    this.#setStatus("open");
    if (back) this.#emit("back", back);
    if (ready.resumed) this.#tellReport();
    else this.#tellSettings();
    this.#sendWaiting();
  }

  /** @param {any} ready */
  #beginSession(ready) {
    const context = /** @type {AudioContext} */ (this.#devices.context);
    this.#playback.begin(context, ready.audio.output?.rate ?? OUTPUT_RATE);
  }

  /** What the hello did not say. */
  #tellSettings() {
    if (this.#greeted !== this.#config) this.send({ type: "config.update", config: this.#config });
    if (this.#muted) this.#tellMuted();
  }

  #tellMuted() {
    this.send({ type: this.#muted ? "audio.mute" : "audio.unmute" });
  }

  #tellReport() {
    const { report } = this.#playback;
    if (report && this.status === "open") this.#connection?.send(report);
  }

  /** @param {import("./frames.js").Frame} frame */
  #onFrame(frame) {
    if (this.#resuming.noteAudio(frame)) this.#playback.play(frame);
  }

  /** @param {import("./connection.js").Closed} closed */
  #onClose({ code, error, atLeastMs }) {
    const now = performance.now();
    this.#connection = null;
    this.#resuming.lost(now);
    if (now - this.#openedAt > LONGEST_MS) this.#attempt = 0; // what dies at once is not hurried back to
    this.#openedAt = Infinity;
    const keyIsOver = error?.code === "token_expired" && typeof this.key === "function";
    if ((mayComeBack(code) || keyIsOver) && this.#attempt < ATTEMPTS_MAX) {
      const delayMs = retryDelayMs(this.#attempt, atLeastMs);
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
