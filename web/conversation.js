/**
 * What was said so far, as a list of entries that the page draws. Pure: events in, entries out.
 *
 * An entry belongs to the user (keyed by item), to the assistant (keyed by response), or to a tool
 * (keyed by call); or it is a break between two sessions. Text of a turn is `stable` (will not change) and `unstable` (may); text of a
 * reply is `stable` (heard, or on its way) and `unheard` (cut off by an interruption); a tool's name
 * is `stable`, what it was asked and has answered are its `details`.
 */

import { median, waterfall } from "./waterfall.js";

/**
 * @typedef {object} Latency
 * @property {Record<string, number>} parts  milliseconds on the server, by name, in order
 * @property {number | null} heardMs         end of speech to first sound, on the client's clock
 * @property {number | null} medianMs        of this answer and those before it
 */

/**
 * @typedef {object} Entry
 * @property {string} key
 * @property {"user" | "assistant" | "tool" | "break"} speaker
 * @property {number} stream     of a reply's audio; -1 before it has one
 * @property {string} stable
 * @property {string} unstable
 * @property {string} unheard
 * @property {string[]} details
 * @property {number | null} spoken  characters of `stable` that have sounded; null: not known
 * @property {boolean} done      nothing of it will change
 * @property {string} outcome    of a reply: "", "interrupted", "cancelled", "failed", "length", "lost"
 * @property {Latency} latency
 */

const ENTRIES_MAX = 200;

export class Conversation {
  /** In the order in which they began; the oldest are forgotten. @type {Entry[]} */
  entries = [];
  #session = 0;
  #typed = 0;
  #breaks = 0;
  /** Which samples of the newest stream speak which characters. */
  #marks = { stream: -1, words: /** @type {{position: number, toChar: number}[]} */ ([]) };

  /**
   * Take in a server event.
   *
   * @param {any} event
   * @returns {Entry | null}  the entry that changed, if one did
   */
  apply(event) {
    switch (event.type) {
      case "ready":
        this.#session += 1;
        this.abandon();
        return null;
      case "transcript.partial":
        return this.#change(this.#turn(event.item), event);
      case "transcript.final":
        return this.#endTurn(event);
      case "response.started":
        return Object.assign(this.#reply(event.response), { stream: event.stream });
      case "text.delta":
        return this.#append(event);
      case "text.done":
        return this.#change(this.#reply(event.response), { stable: event.text });
      case "audio.mark":
        return this.#mark(event);
      case "response.truncated":
        return this.#truncate(event);
      case "metrics":
        return this.#measure(this.#reply(event.response), event.metrics);
      case "response.done":
        return this.#endReply(event);
      case "tool.call":
        return this.#callTool(event);
      case "item.added":
        return this.#answerTool(event.item);
      default:
        return null;
    }
  }

  /** A message the user typed. @param {string} text */
  type(text) {
    this.#typed += 1;
    const entry = this.#entry(`typed ${this.#typed}`, "user");
    return Object.assign(entry, { stable: text, done: true });
  }

  /**
   * The session is lost, and another begins: what was said before is not known there.
   *
   * @param {string} text  what to say about it
   * @param {boolean} saidAgain  the new one hears again what had no final yet
   * @returns {Entry | null}  the break, if there is anything to break
   */
  breakOff(text, saidAgain) {
    if (saidAgain) this.entries = this.entries.filter(({ key, done }) => done || !key.startsWith("turn"));
    if (this.entries.length === 0) return null;
    this.#breaks += 1;
    const entry = this.#entry(`break ${this.#breaks}`, "break");
    return Object.assign(entry, { stable: text, done: true });
  }

  /**
   * The session is over: nothing that was under way goes on.
   *
   * @returns {Entry[]}  what has changed
   */
  abandon() {
    const open = this.entries.filter(({ done }) => !done);
    for (const entry of open) {
      entry.done = true;
      if (entry.speaker === "assistant") this.#cutShort(entry);
    }
    return open;
  }

  /**
   * The first sound of a reply was heard.
   *
   * @param {number} stream
   * @param {number} heardMs  after the end of the user's speech
   */
  heard(stream, heardMs) {
    const entry = this.#speaking(stream);
    if (entry) entry.latency.heardMs = heardMs;
    return entry;
  }

  /**
   * A reply was played up to a sample.
   *
   * @param {number} stream
   * @param {number} position
   * @returns {Entry | null}  if that is another word than before
   */
  played(stream, position) {
    const entry = this.#speaking(stream);
    if (!entry || this.#marks.stream !== stream) return null;
    const word = this.#marks.words.findLast((mark) => mark.position <= position);
    if (!word || entry.spoken === word.toChar) return null;
    return Object.assign(entry, { spoken: word.toChar });
  }


  /** @param {unknown} item */
  #turn(item) {
    return this.#entry(this.#key("turn", item), "user");
  }

  /** @param {unknown} response */
  #reply(response) {
    return this.#entry(this.#key("reply", response), "assistant");
  }

  /** @param {any} event */
  #endTurn({ item, text }) {
    if (text === "") return this.#remove(this.#key("turn", item));
    return this.#change(this.#turn(item), { stable: text, unstable: "", done: true });
  }

  /** @param {any} event */
  #append({ response, text }) {
    const entry = this.#reply(response);
    entry.stable += text;
    return entry;
  }

  /** @param {any} event */
  #mark({ stream, pos, chars }) {
    if (this.#marks.stream !== stream) this.#marks = { stream, words: [] };
    this.#marks.words.push({ position: pos, toChar: chars[1] });
    const entry = this.#speaking(stream);
    return entry && Object.assign(entry, { spoken: entry.spoken ?? 0 });
  }

  /** @param {number} stream */
  #speaking(stream) {
    return this.entries.findLast((entry) => entry.stream === stream) ?? null;
  }

  /** @param {any} event */
  #truncate({ response, heard, unheard }) {
    return this.#change(this.#reply(response), { stable: heard, unheard });
  }

  /** @param {any} event */
  #endReply({ response, status, metrics }) {
    const entry = this.#reply(response);
    entry.done = true;
    entry.outcome = status === "completed" ? "" : status;
    this.#measure(entry, metrics);
    const answered = this.entries.map(({ latency }) => waterfall(latency).totalMs).filter(Boolean);
    entry.latency.medianMs = answered.length > 1 ? median(answered) : null;
    return entry;
  }

  /** Of what is spoken, only the words that have sounded were heard. @param {Entry} entry */
  #cutShort(entry) {
    const text = [...entry.stable];
    const heard = entry.spoken ?? text.length;
    entry.stable = text.slice(0, heard).join("");
    entry.unheard = text.slice(heard).join("");
    if (entry.unheard || entry.spoken === null) entry.outcome = "lost";
  }

  /** @param {any} event */
  #callTool({ call, name, args }) {
    const entry = this.#entry(this.#key("tool", call), "tool");
    return Object.assign(entry, { stable: name, details: [JSON.stringify(args)] });
  }

  /** @param {any} item */
  #answerTool({ kind, call, output }) {
    const entry = kind === "tool_result" ? this.#find(this.#key("tool", call)) : null;
    return entry && Object.assign(entry, { details: [entry.details[0], output], done: true });
  }

  /** @param {Entry} entry @param {Record<string, number>} metrics */
  #measure(entry, metrics) {
    entry.latency.parts = { ...entry.latency.parts, ...metrics };
    return entry;
  }

  /** @param {Entry} entry @param {Partial<Entry>} change */
  #change(entry, { stable = entry.stable, unstable = "", unheard = "", done = entry.done }) {
    return Object.assign(entry, { stable, unstable, unheard, done });
  }

  /** Numbers start anew with every session. @param {string} kind @param {unknown} number */
  #key(kind, number) {
    return `${kind} ${this.#session}.${number}`;
  }

  /** @param {string} key */
  #find(key) {
    return this.entries.find((entry) => entry.key === key) ?? null;
  }

  /** @param {string} key @param {Entry["speaker"]} speaker */
  #entry(key, speaker) {
    const known = this.#find(key);
    if (known) return known;
    /** @type {Entry} */
    const entry = {
      key,
      speaker,
      stream: -1,
      stable: "",
      unstable: "",
      unheard: "",
      details: [],
      spoken: null,
      done: false,
      outcome: "",
      latency: { parts: {}, heardMs: null, medianMs: null },
    };
    this.entries = [...this.entries, entry].slice(-ENTRIES_MAX);
    return entry;
  }

  /** It was nothing after all: an empty, finished entry. @param {string} key */
  #remove(key) {
    const entry = this.#find(key);
    this.entries = this.entries.filter((other) => other.key !== key);
    return entry && Object.assign(entry, { stable: "", unstable: "", done: true });
  }
}
