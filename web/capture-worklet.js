/**
 * The microphone inside the audio thread: device rate in, 20 ms of 16 kHz integers out.
 */

import { Resampler } from "./resampler.js";

const RATE = 16_000;
const FRAME_SAMPLES = 320;

class Capture extends AudioWorkletProcessor {
  #resampler = new Resampler(sampleRate, RATE);
  #silence = new Float32Array(128);
  #frame = new Int16Array(FRAME_SAMPLES);
  #filled = 0;
  #open = true;

  constructor() {
    super();
    this.port.onmessage = () => { this.#open = false; };
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    // A muted device delivers nothing; silence keeps sample positions on the clock.
    const input = inputs[0][0] ?? this.#silence;
    for (const sample of this.#resampler.process(input)) {
      this.#frame[this.#filled] = Math.round(Math.max(-1, Math.min(1, sample)) * 32_767);
      this.#filled += 1;
      if (this.#filled === FRAME_SAMPLES) this.#send();
    }
    return this.#open;
  }

  #send() {
    this.port.postMessage(this.#frame, [this.#frame.buffer]);
    this.#frame = new Int16Array(FRAME_SAMPLES);
    this.#filled = 0;
  }
}

registerProcessor("capture", Capture);
