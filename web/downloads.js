/**
 * Hands what was written down to the user as a file.
 */

import { FORMATS } from "./transcript.js";

/**
 * @param {import("./transcript.js").Utterance[]} utterances
 * @param {string} format  a key of `FORMATS`
 */
export function download(utterances, format) {
  const { type, write } = FORMATS[format];
  const url = URL.createObjectURL(new Blob([write(utterances)], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `transcript.${format}`;
  link.click();
  URL.revokeObjectURL(url);
}
