/**
 * What a page has said, until the server needs it no more. Pure.
 *
 * Audio is kept until a final covers it, messages until they are acknowledged; both in the order in
 * which they were said, so that a client that comes back can say the rest again. What the server has
 * already it drops: audio by position, messages by id.
 */

/** @typedef {{position: number, samples: Int16Array}} Speech */
/** @typedef {{id: string, message: object}} Command */

/** The newest minute of the microphone; of what is older, the oldest is given up. */
export const KEPT_SAMPLES_MAX = 60 * 16_000;
/** As many as servers remember the ids of. */
export const COMMANDS_MAX = 256;
/** Forgetting looks at everything, so it is done once a second. */
const TIDIED_SAMPLES = 16_000;
/** What ids begin with that nobody asked for. */
const OWN_ID = "~";

export class Outgoing {
  /** Whether anything may have to be said again. */
  keeps = false;
  /** Samples of the microphone in this session. */
  end = 0;
  /** @type {(Speech | Command)[]} */
  #waiting = [];
  /** @type {(Speech | Command)[]} */
  #given = [];
  #covered = 0;
  #keptFrom = 0;
  #ids = 0;

  /** Samples of the microphone; they follow the last ones. @param {Int16Array} samples */
  speak(samples) {
    this.#waiting.push({ position: this.end, samples });
    this.end += samples.length;
    this.#tidy(Math.max(this.#covered, this.end - KEPT_SAMPLES_MAX));
  }

  /**
   * A message that is to be obeyed once.
   *
   * @param {{id?: string}} message
   * @returns {boolean}  false where too many wait already, and this one is not taken
   */
  command(message) {
    const commands = [...this.#given, ...this.#waiting].filter((said) => "id" in said);
    if (commands.length >= COMMANDS_MAX) return false;
    this.#ids += 1;
    const id = message.id || `${OWN_ID}${this.#ids}`;
    this.#waiting.push({ id, message: { ...message, id } });
    return true;
  }

  /**
   * What is to be sent next, if anything.
   *
   * @param {boolean} [hasRoom]  false where the network takes no audio at present
   * @returns {Speech | Command | null}
   */
  take(hasRoom = true) {
    const [next] = this.#waiting;
    if (!next || !(hasRoom || "id" in next)) return null;
    this.#waiting.shift();
    if (this.keeps) this.#given.push(next);
    return next;
  }

  /**
   * The server has obeyed or refused it.
   *
   * @param {string} id
   * @returns {boolean}  whether the id is one of ours
   */
  acknowledged(id) {
    this.#given = this.#given.filter((said) => !("id" in said && said.id === id));
    return id.startsWith(OWN_ID);
  }

  /** The server never needs the samples before this one again. @param {number} position */
  covered(position) {
    this.#covered = Math.max(this.#covered, position);
    this.#tidy(this.#covered);
  }

  /**
   * Say everything again that may be missing. What is not covered stays: should this server die,
   * the next one asks for more.
   *
   * @param {number} position  of the first sample of the microphone that the server lacks
   */
  again(position) {
    const said = [...this.#given, ...this.#waiting];
    const missing = (/** @type {Speech | Command} */ piece) => endsAfter(piece, position);
    this.#waiting = said.filter(missing);
    this.#given = said.filter((piece) => !missing(piece));
  }

  /**
   * A new session: messages are lost. What was spoken in vain begins it, if that is wanted.
   *
   * @param {boolean} keep
   * @returns {number}  by how many samples the positions have moved
   */
  afresh(keep) {
    this.#forgetBefore(keep ? this.#covered : Infinity);
    const kept = [...this.#given, ...this.#waiting].filter((said) => "samples" in said);
    const { end } = this;
    this.end = this.#covered = this.#keptFrom = 0;
    this.#given = [];
    this.#waiting = [];
    for (const { samples } of kept) this.speak(samples);
    return end - this.end;
  }

  /** @param {number} position */
  #tidy(position) {
    if (position >= this.#keptFrom + TIDIED_SAMPLES) this.#forgetBefore(position);
  }

  /** @param {number} position */
  #forgetBefore(position) {
    const needed = (/** @type {Speech | Command} */ piece) => endsAfter(piece, position);
    this.#keptFrom = position;
    this.#given = this.#given.filter(needed);
    this.#waiting = this.#waiting.filter(needed);
  }
}

/** Messages have no end. @param {Speech | Command} piece @param {number} position */
function endsAfter(piece, position) {
  return "id" in piece || piece.position + piece.samples.length > position;
}
