/**
 * What was written down, with times, as files: text, SRT, WebVTT and JSON. Pure.
 */

/**
 * @typedef {object} Piece
 * @property {number} startMs  since the first session began
 * @property {number} endMs
 * @property {string} text
 */

/** @typedef {Piece & {language: string, words: Piece[]}} Utterance */

const UTTERANCES_MAX = 10_000;
const CUE_MS_MAX = 6000;
const CUE_CHARS_MAX = 84; // two lines of 42, as broadcasters do

export class Transcript {
  /** The oldest are forgotten. @type {Utterance[]} */
  utterances = [];
  #clock;
  /** @type {number | null} */
  #origin = null;
  /** @type {Map<string, number>} */
  #began = new Map();

  /** @param {(sessionMs: number) => number} clock  one for all sessions, in milliseconds */
  constructor(clock) {
    this.#clock = clock;
  }

  /** @param {any} event  of the server @returns {boolean} whether there is more than before */
  apply({ type, item, ms, text, lang = "", duration_ms: durationMs, words = [] }) {
    if (type === "ready") this.#began.clear();
    if (type === "speech.started") {
      this.#origin ??= this.#clock(0);
      this.#began.set(item, this.#clock(ms) - this.#origin);
    }
    if (type !== "transcript.final") return false;
    const startMs = this.#began.get(item);
    this.#began.delete(item);
    if (!text || startMs === undefined) return false;
    const timed = words.map((/** @type {any} */ { w, start_ms: from, end_ms: to }) => (
      { startMs: startMs + from, endMs: startMs + to, text: w }
    ));
    const utterance = { startMs, endMs: startMs + durationMs, text, language: lang, words: timed };
    this.utterances = [...this.utterances, utterance].slice(-UTTERANCES_MAX);
    return true;
  }
}

/** @type {Record<string, {type: string, write: (utterances: Utterance[]) => string}>} */
export const FORMATS = {
  txt: { type: "text/plain", write: (spoken) => spoken.map(({ text }) => `${text}\n`).join("") },
  srt: { type: "application/x-subrip", write: subrip },
  vtt: { type: "text/vtt", write: webvtt },
  json: { type: "application/json", write: (spoken) => `${JSON.stringify(spoken, null, 2)}\n` },
};

/** @param {Utterance[]} utterances */
function subrip(utterances) {
  const cues = utterances.flatMap(cuesOf).map(({ startMs, endMs, text }, i) => (
    `${i + 1}\n${clock(startMs, ",")} --> ${clock(endMs, ",")}\n${text.replaceAll("-->", "→")}\n`
  ));
  return cues.join("\n");
}

/** @param {Utterance[]} utterances */
function webvtt(utterances) {
  const cues = utterances.flatMap(cuesOf).map(({ startMs, endMs, text }) => (
    `${clock(startMs, ".")} --> ${clock(endMs, ".")}\n${escaped(text)}\n`
  ));
  return ["WEBVTT\n", ...cues].join("\n");
}

/** Short enough to be read, cut between words. @param {Utterance} utterance @returns {Piece[]} */
function cuesOf({ words, ...whole }) {
  if (words.length === 0) return [whole];
  /** @type {Piece[]} */
  const cues = [];
  for (const word of words) {
    const cue = cues.at(-1);
    const fits = cue && cue.text.length + word.text.length < CUE_CHARS_MAX;
    if (fits && word.endMs - cue.startMs <= CUE_MS_MAX) {
      Object.assign(cue, { endMs: word.endMs, text: `${cue.text} ${word.text}` });
    } else {
      cues.push({ ...word });
    }
  }
  return cues;
}

/** @param {number} ms @param {string} point */
function clock(ms, point) {
  const whole = Math.max(0, Math.round(ms));
  const part = (/** @type {number} */ unitMs, /** @type {number} */ count) =>
    String(Math.floor(whole / unitMs) % count).padStart(2, "0");
  const [hours, minutes, seconds] = [part(3_600_000, 1000), part(60_000, 60), part(1000, 60)];
  return `${hours}:${minutes}:${seconds}${point}${String(whole % 1000).padStart(3, "0")}`;
}

/** WebVTT, 3.3: no cue text with these. @param {string} text */
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
