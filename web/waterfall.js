/**
 * Where the time went between the last word of a turn and the first sound of its answer.
 */

/** The server's ledger, in the order in which its stages are waited for. */
const PARTS = [
  ["endpoint_ms", "waiting for more"],
  ["asr_ms", "recognising"],
  ["llm_ms", "thinking"],
  ["clause_ms", "first clause"],
  ["tts_ms", "finding a voice"],
  ["send_ms", "sending"],
];

const WHOLE = "eos_to_first_audio_ms";

/**
 * @typedef {object} Segment
 * @property {string} name
 * @property {string} label
 * @property {number} ms
 */

/**
 * The bars to draw, and the whole. What the client measured beyond the server's sum is the way
 * through network, buffer and loudspeaker.
 *
 * @param {import("./conversation.js").Latency} latency
 * @returns {{segments: Segment[], totalMs: number}}
 */
export function waterfall({ parts, heardMs }) {
  const segments = PARTS.filter(([name]) => name in parts).map(([name, label]) => ({
    name, label, ms: parts[name],
  }));
  const serverMs = parts[WHOLE] ?? segments.reduce((sum, { ms }) => sum + ms, 0);
  if (heardMs !== null && heardMs > serverMs) {
    segments.push({ name: "playback_ms", label: "to your ear", ms: heardMs - serverMs });
  }
  return {
    segments: segments.filter(({ ms }) => ms >= 0.5),
    totalMs: Math.max(serverMs, heardMs ?? 0),
  };
}

/** @param {number[]} values @returns {number | null} */
export function median(values) {
  if (values.length === 0) return null;
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {number} ms */
export function duration(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
