/**
 * What the server says about sound, done: frames and orders in, reports out. One session at a time.
 *
 * Events: `playback` (detail: `Heard` of loudspeaker.js) and `report` (detail: the message for the
 * server, now and then and on every change).
 */

import { Flag } from "./frames.js";
import { Loudspeaker } from "./loudspeaker.js";

const REPORT_INTERVAL_MS = 200;
const PLAYING = new Set(["started", "position", "resumed"]);

export const REPORTS = { reports: true, interval_ms: REPORT_INTERVAL_MS, echo_cancelled: true };

export class Playback extends EventTarget {
  /** What the server was told last, or should have been. @type {Record<string, unknown> | null} */
  report = null;
  /** @type {Loudspeaker | null} */
  #loudspeaker = null;
  #newestStream = -1;
  #stoppedStream = -1;
  #reportedAt = 0;

  /** For meters and waveforms. */
  get analyser() {
    return this.#loudspeaker?.analyser ?? null;
  }

  /**
   * Streams begin with the first number again.
   *
   * @param {AudioContext} context
   * @param {number} rate  hertz of what will be played
   */
  begin(context, rate) {
    this.close();
    this.#newestStream = this.#stoppedStream = -1;
    this.#loudspeaker = new Loudspeaker(context, rate);
    this.#loudspeaker.addEventListener("playback", (event) => {
      this.#onHeard(/** @type {CustomEvent} */ (event).detail);
    });
  }

  close() {
    this.#loudspeaker?.close();
    this.#loudspeaker = null;
    this.report = null;
  }

  /** @param {import("./frames.js").Frame} frame */
  play({ stream, position, flags, samples }) {
    if (stream <= this.#stoppedStream) return;
    this.#newestStream = stream;
    this.#loudspeaker?.play({ stream, position, last: (flags & Flag.END) !== 0, samples });
  }

  /** @param {{type: string, stream: number}} message  of the server, about sound or not */
  obey({ type, stream }) {
    if (type === "audio.done") this.#loudspeaker?.end(stream);
    if (type === "playback.pause") this.#loudspeaker?.pause(stream);
    if (type === "playback.resume") this.#loudspeaker?.resume(stream);
    if (type === "playback.stop") this.#flush(stream);
  }

  /** Without being told to: nothing more of the newest stream is heard. */
  hush() {
    if (this.#newestStream > this.#stoppedStream) this.#flush(this.#newestStream);
  }

  /** @param {number} stream */
  #flush(stream) {
    this.#stoppedStream = Math.max(this.#stoppedStream, stream);
    this.#loudspeaker?.flush(stream);
  }

  /** @param {import("./loudspeaker.js").Heard} heard */
  #onHeard(heard) {
    const now = performance.now();
    if (heard.type === "overflow") return;
    if (heard.type !== "position" || now - this.#reportedAt >= REPORT_INTERVAL_MS) {
      const state = PLAYING.has(heard.type) ? "playing" : heard.type;
      const { stream, position: pos } = heard;
      this.report = { type: "playback", stream, pos, state, t: Math.round(now) };
      this.#reportedAt = now;
      this.dispatchEvent(new CustomEvent("report", { detail: this.report }));
    }
    this.dispatchEvent(new CustomEvent("playback", { detail: heard }));
  }
}
