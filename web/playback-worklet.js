/**
 * The loudspeaker inside the audio thread: a `PlaybackBuffer` driven by the device's clock.
 *
 * Takes `{do: verb, with: argument}`, the verbs being the buffer's and `close`; posts what the buffer
 * noted, and the rendered position every tenth of a second.
 */

import { PlaybackBuffer } from "./playback-buffer.js";

const REPORT_S = 0.1;

class Playback extends AudioWorkletProcessor {
  #buffer;
  #open = true;
  #nextReport = 0;

  constructor(/** @type {AudioWorkletNodeOptions} */ options) {
    super();
    const sourceRate = options.processorOptions.sourceRate;
    this.#buffer = new PlaybackBuffer({ sourceRate, outputRate: sampleRate });
    this.port.onmessage = (event) => this.#receive(event.data);
  }

  /** @param {{do: "push" | "end" | "pause" | "resume" | "flush" | "close", with: any}} order */
  #receive({ do: verb, with: argument }) {
    if (verb === "close") this.#open = false;
    else this.#buffer[verb](argument);
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, outputs) {
    this.#buffer.render(outputs[0][0]);
    for (const event of this.#buffer.takeEvents()) {
      this.port.postMessage({ ...event, time: currentTime });
    }
    if (this.#buffer.playing && currentTime >= this.#nextReport) this.#report();
    return this.#open;
  }

  #report() {
    const { stream, position } = this.#buffer;
    this.port.postMessage({ type: "position", stream, position, time: currentTime });
    this.#nextReport = currentTime + REPORT_S;
  }
}

registerProcessor("playback", Playback);
