/**
 * The microphone, from permission to frames of 320 samples at 16 kHz.
 *
 * Events: `frame` (detail: Int16Array) and `ended` (the device went away).
 */

const CONSTRAINTS = {
  channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true,
};

export class Microphone extends EventTarget {
  /** For meters and waveforms. @type {AnalyserNode} */
  analyser;
  #stream;
  #source;
  #worklet;

  /**
   * Ask for permission and start.
   *
   * @param {AudioContext} context
   * @param {string} [deviceId]  empty: the system's own choice, also where the wanted one has gone
   * @throws {DOMException} `NotAllowedError`, `NotFoundError`, … as `getUserMedia` says it
   */
  static async open(context, deviceId = "") {
    const audio = deviceId ? { ...CONSTRAINTS, deviceId } : CONSTRAINTS;
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    return new Microphone(context, stream);
  }

  /** @param {AudioContext} context @param {MediaStream} stream */
  constructor(context, stream) {
    super();
    this.#stream = stream;
    this.#source = context.createMediaStreamSource(stream);
    this.#worklet = new AudioWorkletNode(context, "capture", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    this.analyser = new AnalyserNode(context, { fftSize: 1024, smoothingTimeConstant: 0.7 });
    this.#source.connect(this.#worklet);
    this.#source.connect(this.analyser);
    this.#worklet.port.onmessage = ({ data }) => {
      this.dispatchEvent(new CustomEvent("frame", { detail: data }));
    };
    stream.getAudioTracks()[0].onended = () => this.dispatchEvent(new Event("ended"));
  }

  close() {
    this.#worklet.port.postMessage("close");
    this.#worklet.port.close();
    this.#source.disconnect();
    for (const track of this.#stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
  }
}
