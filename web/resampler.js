/**
 * Streaming change of sample rate: a polyphase windowed sinc (Crochiere and Rabiner, Multirate
 * Digital Signal Processing, chapter 4).
 *
 * The stop band begins at the lower of the two Nyquist frequencies and lies 70 dB down, so nothing
 * folds back into the speech band. Light enough for audio worklets.
 */

const ZERO_CROSSINGS = 32;
const ATTENUATION_DB = 70;

export class Resampler {
  #fromStep; // input samples per #toStep output samples
  #toStep;
  #phases;
  #taps;
  #history;
  #output = new Float32Array(0);
  #next = 0; // where the next output sample lies, in 1/#toStep input samples from the block's start

  /**
   * @param {number} fromRate  hertz, whole
   * @param {number} toRate    hertz, whole
   */
  constructor(fromRate, toRate) {
    const divisor = greatestCommonDivisor(fromRate, toRate);
    this.#fromStep = fromRate / divisor;
    this.#toStep = toRate / divisor;
    this.#taps = Math.ceil(2 * ZERO_CROSSINGS * Math.max(1, fromRate / toRate));
    this.#phases = polyphaseFilter(this.#toStep, this.#taps, Math.min(1, toRate / fromRate));
    this.#history = new Float32Array(this.#taps - 1);
  }

  /** How far the output lags behind the input, in input samples. */
  get delay() {
    return this.#taps / 2;
  }

  /**
   * @param {Float32Array} input  any length
   * @returns {Float32Array}  valid until the next call
   */
  process(input) {
    const kept = this.#history.length;
    const signal = new Float32Array(kept + input.length);
    signal.set(this.#history);
    signal.set(input, kept);
    const output = this.#room(Math.ceil((input.length * this.#toStep) / this.#fromStep) + 1);
    const end = input.length * this.#toStep;
    let count = 0;
    for (; this.#next < end; this.#next += this.#fromStep) {
      const newest = kept + Math.floor(this.#next / this.#toStep);
      output[count] = convolve(this.#phases[this.#next % this.#toStep], signal, newest);
      count += 1;
    }
    this.#next -= end;
    this.#history.set(signal.subarray(signal.length - kept));
    return output.subarray(0, count);
  }

  /** @param {number} length */
  #room(length) {
    if (this.#output.length < length) this.#output = new Float32Array(length);
    return this.#output;
  }
}

/**
 * @param {Float32Array} taps
 * @param {Float32Array} signal
 * @param {number} newest  index in `signal` that meets the first tap
 */
function convolve(taps, signal, newest) {
  let sum = 0;
  for (let k = 0; k < taps.length; k += 1) sum += taps[k] * signal[newest - k];
  return sum;
}

/**
 * One low-pass filter, dealt out to `phaseCount` phases of `taps` coefficients.
 *
 * @param {number} phaseCount
 * @param {number} taps
 * @param {number} band  the lower Nyquist frequency as a share of the input's
 * @returns {Float32Array[]}
 */
function polyphaseFilter(phaseCount, taps, band) {
  const length = phaseCount * taps;
  const beta = 0.1102 * (ATTENUATION_DB - 8.7); // Kaiser's formulas, for the window and its slope
  const slope = (ATTENUATION_DB - 8) / (2.285 * taps * 2 * Math.PI);
  const cutoff = band / 2 - slope / 2; // cycles per input sample
  const phases = Array.from({ length: phaseCount }, () => new Float32Array(taps));
  for (let n = 0; n < length; n += 1) {
    const t = (n - length / 2) / phaseCount;
    const x = 2 * cutoff * t;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    const window = bessel(beta * Math.sqrt(1 - (2 * n / length - 1) ** 2)) / bessel(beta);
    phases[n % phaseCount][Math.floor(n / phaseCount)] = 2 * cutoff * sinc * window;
  }
  return phases;
}

/** The modified Bessel function of the first kind, order 0. @param {number} x */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-9; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** @param {number} a @param {number} b @returns {number} */
function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
