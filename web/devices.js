/**
 * The microphone and the loudspeakers that were chosen, and the audio context between them.
 *
 * Events: `frame` (detail: Int16Array, as the microphone's) and `ended` (it went away).
 */

import { Microphone } from "./microphone.js";

export class Devices extends EventTarget {
  /** @type {AudioContext | null} */
  context = null;
  /** @type {Microphone | null} */
  microphone = null;
  #chosen = { microphone: "", loudspeaker: "" };
  #opens = 0;

  /**
   * Open what is not open yet. Call it from a click: browsers insist.
   *
   * @param {{microphone: boolean}} wanted
   * @returns {Promise<boolean>}  false where they were closed meanwhile
   * @throws {DOMException}  as `Microphone.open`; `SecurityError` where the page's address keeps
   *   the browser from giving out microphones and worklets
   */
  async open({ microphone }) {
    this.#opens += 1;
    const open = this.#opens;
    const context = await this.#openContext();
    if (!microphone || this.microphone) return open === this.#opens;
    return this.#adopt(await Microphone.open(context, this.#chosen.microphone), open);
  }

  /**
   * An empty name is the system's own choice, and so is a device that has gone.
   *
   * @param {{microphone: string, loudspeaker: string}} ids  of `enumerateDevices`
   * @throws {DOMException}  as `Microphone.open`
   */
  async choose({ microphone, loudspeaker }) {
    const moved = microphone !== this.#chosen.microphone;
    this.#chosen = { microphone, loudspeaker };
    await this.#useLoudspeaker();
    if (!moved || !this.microphone || !this.context) return;
    const open = this.#opens;
    this.#adopt(await Microphone.open(this.context, microphone), open);
  }

  /** Let go of the microphone; the context sleeps, for the next time. */
  close() {
    this.#opens += 1;
    this.microphone?.close();
    this.microphone = null;
    this.context?.suspend();
  }

  async #openContext() {
    if (!isSecureContext) throw new DOMException("Not a secure origin.", "SecurityError");
    if (!this.context) {
      const context = new AudioContext({ latencyHint: "interactive" });
      for (const name of ["capture-worklet.js", "playback-worklet.js"]) {
        await context.audioWorklet.addModule(new URL(name, import.meta.url));
      }
      this.context = context;
      await this.#useLoudspeaker();
    }
    await this.context.resume();
    return this.context;
  }

  /** Not every browser lets a page choose, and what was chosen may have gone. */
  async #useLoudspeaker() {
    const context = /** @type {any} */ (this.context);
    try {
      await context?.setSinkId?.(this.#chosen.loudspeaker);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      await context.setSinkId("");
    }
  }

  /** Unless the user has changed their mind meanwhile. @param {Microphone} microphone @param {number} open */
  #adopt(microphone, open) {
    if (open !== this.#opens) {
      microphone.close();
      return false;
    }
    this.microphone?.close();
    this.microphone = microphone;
    for (const type of ["frame", "ended"]) {
      microphone.addEventListener(type, (event) => {
        const { detail } = /** @type {CustomEvent} */ (event);
        this.dispatchEvent(new CustomEvent(type, { detail }));
      });
    }
    return true;
  }
}
