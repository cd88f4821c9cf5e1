/**
 * Binary messages of voice.v1: 16 bytes of little-endian header, then 16-bit samples.
 *
 *   0 u8  version (high nibble) and kind (low nibble)     4 u32 sequence number
 *   1 u8  flags                                           8 u32 index of the first sample
 *   2 u16 stream                                         12 u32 sender's clock, milliseconds
 *
 * Pure: bytes in, values out. Every number wraps at its width.
 */

export const HEADER_BYTES = 16;

const VERSION = 1;

/** @enum {number} */
export const Kind = Object.freeze({ INPUT_AUDIO: 1, OUTPUT_AUDIO: 2 });

/** @enum {number} */
export const Flag = Object.freeze({ START: 0x01, END: 0x02, GAP: 0x04, SILENCE: 0x08, REPLAY: 0x10 });

/**
 * @typedef {object} Frame
 * @property {number} kind      one of `Kind`
 * @property {number} flags     a sum of `Flag`
 * @property {number} stream    0 for the microphone, the reply's number for output
 * @property {number} sequence
 * @property {number} position  samples since the stream began
 * @property {number} time      milliseconds of the sender's clock
 * @property {Int16Array} samples
 */

/**
 * @param {Partial<Frame> & {kind: number, samples: Int16Array}} frame  what is left out is 0
 * @returns {ArrayBuffer}
 */
export function encodeFrame({
  kind, samples, flags = 0, stream = 0, sequence = 0, position = 0, time = 0,
}) {
  const buffer = new ArrayBuffer(HEADER_BYTES + samples.byteLength);
  const header = new DataView(buffer);
  header.setUint8(0, (VERSION << 4) | kind);
  header.setUint8(1, flags);
  header.setUint16(2, stream, true);
  header.setUint32(4, sequence, true);
  header.setUint32(8, position, true);
  header.setUint32(12, time, true);
  // Every machine that runs a browser stores its numbers little-endian.
  new Int16Array(buffer, HEADER_BYTES).set(samples);
  return buffer;
}

/**
 * @param {ArrayBuffer} buffer
 * @returns {Frame}  its samples share the buffer's memory
 * @throws {RangeError} for anything but a frame of version 1
 */
export function decodeFrame(buffer) {
  if (buffer.byteLength < HEADER_BYTES || buffer.byteLength % 2) {
    throw new RangeError(`A frame of ${buffer.byteLength} bytes: 16 and whole samples are needed.`);
  }
  const header = new DataView(buffer);
  const version = header.getUint8(0) >> 4;
  if (version !== VERSION) throw new RangeError(`Frame version ${version}: only 1 is known.`);
  return {
    kind: header.getUint8(0) & 0x0f,
    flags: header.getUint8(1),
    stream: header.getUint16(2, true),
    sequence: header.getUint32(4, true),
    position: header.getUint32(8, true),
    time: header.getUint32(12, true),
    samples: new Int16Array(buffer, HEADER_BYTES),
  };
}
