/**
 * What stands between the network and the loudspeaker: streams of samples in, quanta out.
 *
 * Waits until a little is buffered before a stream starts (more after it once ran dry), counts
 * what was rendered in samples of the stream, and forgets everything within one quantum when told.
 * Pure: knows no worklet, no clock but the samples it renders.
 */

import { Resampler } from "./resampler.js";

const BLOCK_SAMPLES = 64;
const BUFFERED_S_MAX = 30;
const PREBUFFER_MS_MAX = 320;
const WAIT_MS_MAX = 250;

/**
 * @typedef {object} Chunk
 * @property {number} stream
 * @property {number} position  of the first sample in its stream
 * @property {boolean} last     nothing of the stream follows
 * @property {Int16Array} samples
 */

/**
 * @typedef {object} PlaybackEvent
 * @property {"started" | "paused" | "resumed" | "underrun" | "drained" | "stopped" |
 *   "overflow"} type
 * @property {number} stream
 * @property {number} position
 */

export class PlaybackBuffer {
  /** The stream that is being rendered, or null. @type {number | null} */
  stream = null;
  /** Samples of it that were taken from the queue. */
  #taken = 0;
  /** The last stream that was played to its end. */
  #drained = { stream: -1, position: 0 };
  /** @type {(Chunk & {offset: number})[]} */
  #queue = [];
  #queuedSamples = 0;
  #waiting = true;
  #waitedSamples = 0;
  /** The stream that is to end with the next quantum. @type {number | null} */
  #fading = null;
  /** The stream that is to hold still. @type {number | null} */
  #held = null;
  /** False once the device has fallen silent for the held stream. */
  #sounding = true;
  #resampler;
  #ready = new Float32Array(0); // resampled, not rendered
  #block = new Float32Array(BLOCK_SAMPLES);
  /** @type {PlaybackEvent[]} */
  #events = [];

  /**
   * @param {{sourceRate: number, outputRate: number, prebufferMs?: number}} options
   */
  constructor({ sourceRate, outputRate, prebufferMs = 40 }) {
    this.sourceRate = sourceRate;
    this.outputRate = outputRate;
    this.prebufferMs = prebufferMs;
    this.#resampler = new Resampler(sourceRate, outputRate);
  }

  /** Samples of the current stream that have left for the device. */
  get position() {
    const unheard = Math.round((this.#ready.length * this.sourceRate) / this.outputRate);
    return this.#waiting ? this.#taken : Math.max(0, this.#taken - unheard);
  }

  /** Whether a stream sounds right now. */
  get playing() {
    return this.stream !== null && !this.#waiting && this.#sounding;
  }

  /** Queued and not rendered, in milliseconds. */
  get bufferedMs() {
    return (this.#queuedSamples * 1000) / this.sourceRate;
  }

  /** @param {Chunk} chunk */
  push(chunk) {
    if (this.bufferedMs > BUFFERED_S_MAX * 1000) {
      this.#note("overflow", chunk.stream, chunk.position);
      return;
    }
    this.#queue.push({ ...chunk, offset: 0 });
    this.#queuedSamples += chunk.samples.length;
  }

  /**
   * Nothing of the stream follows what was pushed.
   *
   * @param {number} stream
   */
  end(stream) {
    const newest = this.#queue.findLast((chunk) => chunk.stream === stream);
    if (newest) {
      newest.last = true;
    } else if (this.stream === stream) {
      this.#drain();
    }
  }

  /**
   * Hold the stream where it is: it is silent by the end of the next quantum, and keeps its place.
   *
   * @param {number} stream
   */
  pause(stream) {
    this.#held = stream;
  }

  /**
   * Go on with the very next sample.
   *
   * @param {number} stream
   */
  resume(stream) {
    if (this.#held === stream) this.#held = null;
  }

  /**
   * Drop the stream: it is silent by the end of the next quantum.
   *
   * @param {number} stream
   */
  flush(stream) {
    if (this.stream === stream) {
      this.#fading = stream;
      return;
    }
    this.resume(stream);
    this.#drop(stream);
    this.#note("stopped", stream, this.#drained.stream === stream ? this.#drained.position : 0);
  }

  /** What happened since the last call. @returns {PlaybackEvent[]} */
  takeEvents() {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Fill one quantum. @param {Float32Array} output */
  render(output) {
    if (this.#fading !== null) {
      this.#fade(this.#fading, output);
      return;
    }
    const sounds = this.#held === null;
    if (!sounds && !this.#sounding) {
      output.fill(0);
      return;
    }
    this.#wait(output.length);
    while (this.#ready.length < output.length) this.#resampleBlock();
    output.set(this.#ready.subarray(0, output.length));
    this.#ready = this.#ready.slice(output.length);
    if (sounds !== this.#sounding) this.#turn(sounds, output);
  }

  /** Fall silent or begin again, on a ramp of one quantum. */
  #turn(/** @type {boolean} */ sounds, /** @type {Float32Array} */ output) {
    this.#sounding = sounds;
    ramp(output, sounds ? 0 : 1, sounds ? 1 : 0);
    if (this.stream !== null) this.#note(sounds ? "resumed" : "paused", this.stream, this.position);
  }

  /**
   * One last quantum, ramped down to zero: short enough to be at once, too long to click.
   *
   * @param {number} stream
   * @param {Float32Array} output
   */
  #fade(stream, output) {
    const { position } = this;
    while (this.#ready.length < output.length) this.#resampleBlock();
    output.set(this.#ready.subarray(0, output.length));
    ramp(output, this.#sounding ? 1 : 0, 0);
    this.#drop(stream);
    this.#note("stopped", stream, position);
    this.#reset();
  }

  #drop(/** @type {number} */ stream) {
    this.#queue = this.#queue.filter((chunk) => chunk.stream !== stream);
    this.#queuedSamples = this.#queue.reduce((sum, c) => sum + c.samples.length - c.offset, 0);
  }

  #reset() {
    this.stream = null;
    this.#taken = 0;
    this.#fading = null;
    this.#held = null;
    this.#sounding = true;
    this.#waiting = true;
    this.#waitedSamples = 0;
    this.#ready = new Float32Array(0);
    this.#resampler = new Resampler(this.sourceRate, this.outputRate);
  }

  /** Start once enough of the first stream is here, it is complete, or waiting took too long. */
  #wait(/** @type {number} */ quantum) {
    const head = this.#queue[0];
    if (!this.#waiting || !head) return;
    this.#waitedSamples += quantum;
    const mine = this.#queue.filter((chunk) => chunk.stream === head.stream);
    const samples = mine.reduce((sum, chunk) => sum + chunk.samples.length, 0);
    const enough = samples * 1000 >= this.prebufferMs * this.sourceRate;
    const late = this.#waitedSamples * 1000 >= WAIT_MS_MAX * this.outputRate;
    if (!enough && !late && !mine.some((chunk) => chunk.last)) return;
    this.#waiting = false;
    this.#waitedSamples = 0;
    if (this.stream !== head.stream) this.#note("started", head.stream, head.position);
    this.stream = head.stream;
  }

  #resampleBlock() {
    const made = this.#resampler.process(this.#nextBlock());
    const joined = new Float32Array(this.#ready.length + made.length);
    joined.set(this.#ready);
    joined.set(made, this.#ready.length);
    this.#ready = joined;
  }

  /** Source samples, padded with silence where there are none. */
  #nextBlock() {
    this.#block.fill(0);
    let filled = 0;
    while (!this.#waiting && filled < BLOCK_SAMPLES) {
      const chunk = this.#queue[0];
      if (!chunk || chunk.stream !== this.stream) {
        this.#runDry();
        break;
      }
      filled += this.#takeFrom(chunk, filled);
      if (chunk.offset === chunk.samples.length) this.#finish(chunk);
    }
    return this.#block;
  }

  /** @param {Chunk & {offset: number}} chunk @param {number} filled */
  #takeFrom(chunk, filled) {
    const count = Math.min(BLOCK_SAMPLES - filled, chunk.samples.length - chunk.offset);
    for (let i = 0; i < count; i += 1) {
      this.#block[filled + i] = chunk.samples[chunk.offset + i] / 32_768;
    }
    chunk.offset += count;
    this.#queuedSamples -= count;
    this.#taken = chunk.position + chunk.offset;
    return count;
  }

  /** @param {Chunk} chunk */
  #finish(chunk) {
    this.#queue.shift();
    if (chunk.last) this.#drain();
  }

  #drain() {
    this.#drained = { stream: this.stream ?? 0, position: this.#taken };
    this.#note("drained", this.#drained.stream, this.#taken);
    this.stream = null;
    this.#taken = 0;
    this.#waiting = true;
  }

  /** The network is slower than the voice: wait for more than last time before going on. */
  #runDry() {
    this.#note("underrun", this.stream ?? 0, this.#taken);
    this.prebufferMs = Math.min(PREBUFFER_MS_MAX, this.prebufferMs * 2);
    this.#waiting = true;
  }

  /** @param {PlaybackEvent["type"]} type @param {number} stream @param {number} position */
  #note(type, stream, position) {
    this.#events.push({ type, stream, position });
  }
}

/**
 * Change loudness evenly over the samples.
 *
 * @param {Float32Array} samples
 * @param {number} from
 * @param {number} to
 */
function ramp(samples, from, to) {
  for (let i = 0; i < samples.length; i += 1) {
    samples[i] *= from + ((to - from) * (i + 1)) / samples.length;
  }
}
