/**
 * The heart of the page: soft rings that breathe and swell with whoever speaks, and a wreath of
 * bars that is the sound itself. Reads two analysers, draws one canvas, decides nothing.
 */

const POINTS = 120;
const RINGS = 3;
const BARS = 36;
const BUTTON = 0.15; // its radius, as a share of the canvas's side
const TURN = 2 * Math.PI;
const FLOOR_DBFS = -58;
const LOUD_DBFS = -12;

/** @typedef {{microphone: AnalyserNode | null, voice: AnalyserNode | null}} Analysers */

export class Orb {
  #canvas;
  #context;
  #analysers;
  #samples = new Float32Array(1024);
  #spectrum = new Uint8Array(512);
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
    this.#drawSpectrum(speaking ? voice : microphone);
  }

  /** Loudness as 0 to 1. @param {AnalyserNode | null} source */
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
    const breath = 0.008 * Math.sin(seconds * 1.1);
    for (let ring = RINGS; ring > 0; ring -= 1) {
      const bend = (0.004 + 0.012 * level + 0.008 * this.#busy) * ring;
      const radius = BUTTON + breath * ring + ring * (0.036 + 0.034 * level);
      context.globalAlpha = 0.07 + 0.035 * (RINGS - ring) + 0.05 * level;
      context.beginPath();
      this.#trace((angle) => {
        const slow = Math.sin(2 * angle + seconds * (0.5 + 0.15 * ring) + ring);
        const quick = Math.sin(3 * angle - seconds * (0.8 + 2 * this.#busy) - ring);
        return radius + bend * (0.6 * slow + 0.4 * quick);
      });
      context.fill();
    }
  }

  /** The sound's spectrum as a wreath of bars, low notes at the bottom, the same on both sides. */
  #drawSpectrum(/** @type {AnalyserNode | null} */ source) {
    if (!source) return;
    source.getByteFrequencyData(this.#spectrum);
    const context = this.#context;
    const side = this.#canvas.width;
    context.strokeStyle = context.fillStyle;
    context.lineWidth = side / 130;
    context.lineCap = "round";
    for (let bar = 0; bar < BARS; bar += 1) {
      const loudness = this.#spectrum[3 + 2 * bar] / 255;
      if (loudness < 0.05) continue;
      context.globalAlpha = 0.25 + 0.6 * loudness;
      for (const hand of [-1, 1]) {
        const angle = TURN / 4 + (hand * (bar + 0.5) * TURN) / (2 * BARS);
        this.#spoke(angle, BUTTON + 0.025, BUTTON + 0.025 + 0.13 * loudness ** 2);
      }
    }
  }

  /** @param {number} angle @param {number} from @param {number} to  shares of the canvas's side */
  #spoke(angle, from, to) {
    const side = this.#canvas.width;
    const point = (/** @type {number} */ r) => /** @type {const} */ ([
      side * (0.5 + r * Math.cos(angle)), side * (0.5 + r * Math.sin(angle)),
    ]);
    this.#context.beginPath();
    this.#context.moveTo(...point(from));
    this.#context.lineTo(...point(to));
    this.#context.stroke();
  }

  /** @param {(angle: number) => number} radius  as a share of the canvas's side */
  #trace(radius) {
    const side = this.#canvas.width;
    for (let i = 0; i < POINTS; i += 1) {
      const angle = (i * TURN) / POINTS;
      const r = radius(angle) * side;
      this.#context.lineTo(side / 2 + r * Math.cos(angle), side / 2 + r * Math.sin(angle));
    }
    this.#context.closePath();
  }
}

/** Quick to rise, slow to fall, as ears are. @param {number} value @param {number} target */
function follow(value, target) {
  return value + (target - value) * (target > value ? 0.4 : 0.08);
}
