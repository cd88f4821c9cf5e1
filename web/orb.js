/**
 * The heart of the page: soft rings that breathe, swell with whoever speaks, and carry the
 * waveform of the sound itself. Reads two analysers, draws one canvas, decides nothing.
 */

const POINTS = 120;
const RINGS = 3;
const TURN = 2 * Math.PI;
const FLOOR_DBFS = -58;
const LOUD_DBFS = -12;

/** @typedef {{microphone: AnalyserNode | null, voice: AnalyserNode | null}} Analysers */

export class Orb {
  #canvas;
  #context;
  #analysers;
  #samples = new Float32Array(1024);
  #microphone = 0;
  #voice = 0;
  #busy = 0;
  #still = matchMedia("(prefers-reduced-motion: reduce)");

  /** What the conversation is doing: swells for speech, ripples for thought. */
  state = "idle";

  /** @param {HTMLCanvasElement} canvas @param {() => Analysers} analysers */
  constructor(canvas, analysers) {
    this.#canvas = canvas;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.#analysers = analysers;
    new ResizeObserver(() => this.#resize()).observe(canvas);
    requestAnimationFrame((now) => this.#frame(now));
  }

  #resize() {
    const side = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    this.#canvas.width = side;
    this.#canvas.height = side;
  }

  /** @param {number} now */
  #frame(now) {
    requestAnimationFrame((next) => this.#frame(next));
    const { microphone, voice } = this.#analysers();
    this.#voice = follow(this.#voice, this.#level(voice));
    this.#microphone = follow(this.#microphone, this.#level(microphone));
    this.#busy = follow(this.#busy, this.state === "thinking" ? 1 : 0);
    const speaking = this.#voice > this.#microphone;
    this.#draw(this.#still.matches ? 0 : now / 1000, speaking ? this.#voice : this.#microphone);
    this.#drawWave(speaking ? voice : microphone);
  }

  /** Loudness as 0 to 1; leaves the samples for the waveform. @param {AnalyserNode | null} source */
  #level(source) {
    if (!source) return 0;
    source.getFloatTimeDomainData(this.#samples);
    let energy = 1e-12;
    for (const sample of this.#samples) energy += sample * sample;
    const dbfs = 10 * Math.log10(energy / this.#samples.length);
    return Math.max(0, Math.min(1, (dbfs - FLOOR_DBFS) / (LOUD_DBFS - FLOOR_DBFS)));
  }

  /** Rings from the outside in, each a circle bent by two slow waves. */
  #draw(/** @type {number} */ seconds, /** @type {number} */ level) {
    const context = this.#context;
    const side = this.#canvas.width;
    context.clearRect(0, 0, side, side);
    context.fillStyle = getComputedStyle(this.#canvas).color;
    const breath = 0.012 * Math.sin(seconds * 1.1);
    for (let ring = RINGS; ring > 0; ring -= 1) {
      const bend = (0.012 + 0.03 * level + 0.014 * this.#busy) * ring * 0.55;
      const radius = 0.21 + breath + ring * (0.024 + 0.036 * level + 0.008 * this.#busy);
      context.globalAlpha = 0.05 + 0.05 * (RINGS - ring) + 0.08 * level;
      context.beginPath();
      this.#trace((angle) => {
        const slow = Math.sin(3 * angle + seconds * (0.7 + 0.2 * ring));
        const quick = Math.sin(5 * angle - seconds * (1 + 1.6 * this.#busy) - ring);
        return radius + bend * (0.6 * slow + 0.4 * quick);
      });
      context.fill();
    }
  }

  /** The sound itself, bent into a ring and faded out where its ends would meet. */
  #drawWave(/** @type {AnalyserNode | null} */ source) {
    if (!source) return;
    source.getFloatTimeDomainData(this.#samples);
    const context = this.#context;
    context.strokeStyle = context.fillStyle;
    context.globalAlpha = 0.75;
    context.lineWidth = Math.max(1, this.#canvas.width / 260);
    context.beginPath();
    this.#trace((_angle, share) => {
      const sample = this.#samples[Math.floor(share * (this.#samples.length - 1))];
      const fade = Math.sin(Math.PI * share) ** 0.5;
      return 0.225 + 0.2 * Math.tanh(2.5 * sample) * fade;
    });
    context.stroke();
  }

  /** @param {(angle: number, share: number) => number} radius  as a share of the canvas's side */
  #trace(radius) {
    const side = this.#canvas.width;
    for (let i = 0; i <= POINTS; i += 1) {
      const share = (i % POINTS) / POINTS;
      const angle = share * TURN - TURN / 4;
      const r = radius(angle, share) * side;
      this.#context.lineTo(side / 2 + r * Math.cos(angle), side / 2 + r * Math.sin(angle));
    }
    this.#context.closePath();
  }
}

/** Quick to rise, slow to fall, as ears are. @param {number} value @param {number} target */
function follow(value, target) {
  return value + (target - value) * (target > value ? 0.4 : 0.08);
}
