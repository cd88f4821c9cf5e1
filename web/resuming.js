/**
 * How a page finds back into its session: what it has seen, and what it has to say again. Pure.
 */

import { Outgoing } from "./outgoing.js";

/** @typedef {{token: string, ttl_s: number, input_pos?: number, refused?: string}} Offer */
/** @typedef {{session: string, resumed: boolean, resume?: Offer}} Ready */

/**
 * @typedef {object} Back
 * @property {boolean} resumed     the session goes on; else it is another one, which knows nothing
 * @property {boolean} saidAgain   what was spoken in vain begins the other one
 * @property {string} refused      why the session did not come back, see PROTOCOL.md
 */

export class Resuming {
  outgoing = new Outgoing();
  /** @type {Ready | null} */
  #ready = null;
  /** Number of the newest event that was passed on. */
  #seen = 0;
  /** The same, without audio: another server process knows how much text there was, not audio. */
  #seenText = 0;
  /** How far the newest reply is here. @type {{stream: number, pos: number} | undefined} */
  #received;
  /** @type {number | null} */
  #lostAt = null;

  /** True where the session would outlive its connection. */
  get possible() {
    return this.#ready?.resume !== undefined;
  }

  /** What to add to the next hello; undefined for a new session. */
  get request() {
    if (!this.#ready?.resume) return undefined;
    const { session, resume: { token } } = this.#ready;
    const seen = { last_sn: this.#seen, last_text_sn: this.#seenText };
    return { session, token, ...seen, playback: this.#received };
  }

  /** Begin anew next time. */
  forget() {
    this.#ready = null;
    this.#seen = this.#seenText = 0;
    this.#received = undefined;
    this.#lostAt = null;
    this.outgoing = new Outgoing();
  }

  /** The connection is gone, and with it what cannot be said again. @param {number} nowMs */
  lost(nowMs) {
    this.#lostAt ??= nowMs;
    if (!this.possible) this.outgoing = new Outgoing();
  }

  /**
   * The server has answered the hello.
   *
   * @param {Ready} ready
   * @param {number} nowMs
   * @returns {{movedSamples: number, back: Back | null}}  how far the microphone's positions have
   *   moved; null at the very beginning
   */
  greeted(ready, nowMs) {
    const before = this.#ready;
    const atFirst = this.#lostAt === null;
    const saidAgain = !ready.resumed && this.#stillFresh(nowMs);
    let movedSamples = 0;
    if (ready.resumed) {
      this.outgoing.again(ready.resume?.input_pos ?? 0);
    } else {
      this.#seen = this.#seenText = 0;
      this.#received = undefined;
      movedSamples = this.outgoing.afresh(saidAgain || atFirst);
    }
    this.#ready = ready;
    this.#lostAt = null;
    this.outgoing.keeps = this.possible;
    const { resumed, resume } = ready;
    return { movedSamples, back: before && { resumed, saidAgain, refused: resume?.refused ?? "" } };
  }

  /** Whether what was said into the broken connection is worth saying to another session. @param {number} nowMs */
  #stillFresh(nowMs) {
    const forMs = (this.#ready?.resume?.ttl_s ?? 0) * 1000;
    return this.#lostAt !== null && nowMs - this.#lostAt < forMs;
  }

  /**
   * See a message.
   *
   * @param {any} message  of the server
   * @returns {boolean}  false if it is none for the user: told before, or only for us
   */
  note({ type, id, sn, covered_pos: position }) {
    if (type === "ack") return !this.outgoing.acknowledged(id);
    if (type === "error" && id) this.outgoing.acknowledged(id);
    if (position !== undefined) this.outgoing.covered(position);
    this.#seenText = Math.max(this.#seenText, sn ?? 0);
    return this.#isNews(sn);
  }

  /**
   * See audio.
   *
   * @param {import("./frames.js").Frame} frame  of a reply
   * @returns {boolean}  false if it was here before
   */
  noteAudio({ sequence, stream, position, samples }) {
    const news = this.#isNews(sequence);
    if (news) this.#received = { stream, pos: position + samples.length };
    return news;
  }

  /** @param {number | undefined} number  some messages have none */
  #isNews(number) {
    if (number === undefined) return true;
    const news = number > this.#seen;
    this.#seen = Math.max(this.#seen, number);
    return news;
  }
}
