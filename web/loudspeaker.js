/**
 * The way from frames to the ear. Positions are those the user has heard: the device's latency is
 * subtracted.
 *
 * Events: `playback` (detail: `Heard`).
 */

/**
 * @typedef {object} Heard
 * @property {"position" | import("./playback-buffer.js").PlaybackEvent["type"]} type
 * @property {number} stream
 * @property {number} position  samples of the stream that were heard
 * @property {number} at        when, on the clock of `performance.now()`
 */

export class Loudspeaker extends EventTarget {
  /** For meters and waveforms. @type {AnalyserNode} */
  analyser;
  #context;
  #rate;
  #worklet;

  /**
   * @param {AudioContext} context
   * @param {number} rate  hertz of what will be played
   */
  constructor(context, rate) {
    super();
    this.#context = context;
    this.#rate = rate;
    this.#worklet = new AudioWorkletNode(context, "playback", {
      numberOfInputs: 0,
      outputChannelCount: [1],
      processorOptions: { sourceRate: rate },
    });
    this.analyser = new AnalyserNode(context, { fftSize: 1024, smoothingTimeConstant: 0.7 });
    this.#worklet.connect(this.analyser).connect(context.destination);
    this.#worklet.port.onmessage = ({ data }) => this.#onReport(data);
  }

  /** @param {import("./playback-buffer.js").Chunk} chunk */
  play(chunk) {
    this.#order("push", chunk);
  }

  /** Nothing of the stream follows; `drained` tells when it was played. @param {number} stream */
  end(stream) {
    this.#order("end", stream);
  }

  /** Hold the stream still; `paused` answers. @param {number} stream */
  pause(stream) {
    this.#order("pause", stream);
  }

  /** Go on where it was held; `resumed` answers. @param {number} stream */
  resume(stream) {
    this.#order("resume", stream);
  }

  /** Silence the stream within one quantum; `stopped` answers. @param {number} stream */
  flush(stream) {
    this.#order("flush", stream);
  }

  close() {
    this.#order("close");
    this.#worklet.port.close();
    this.#worklet.disconnect();
    this.analyser.disconnect();
  }

  /** @param {string} verb @param {unknown} [argument] */
  #order(verb, argument) {
    this.#worklet.port.postMessage({ do: verb, with: argument });
  }

  /** @param {{type: Heard["type"], stream: number, position: number, time: number}} report */
  #onReport({ type, stream, position, time }) {
    const latencyS = this.#context.outputLatency || this.#context.baseLatency || 0;
    const unheard = type === "drained" ? 0 : Math.round(latencyS * this.#rate);
    const ageS = this.#context.currentTime - time;
    const detail = {
      type,
      stream,
      position: Math.max(0, position - unheard),
      at: performance.now() + (latencyS - ageS) * 1000,
    };
    this.dispatchEvent(new CustomEvent("playback", { detail }));
  }
}
