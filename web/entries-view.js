/**
 * Draws the conversation: one list item per entry, changed in place. Text is only ever text; what
 * the assistant writes is Markdown.
 */

import { markdown } from "./markdown.js";
import { duration, waterfall } from "./waterfall.js";

/** @typedef {import("./conversation.js").Entry} Entry */

const UNHEARD_CHARS_MAX = 140;

/** @type {Record<Entry["speaker"], string>} */
const SPEAKERS = { user: "You: ", assistant: "Answer: ", tool: "Tool: ", break: "" };

/** @type {Record<string, string>} */
const OUTCOMES = {
  interrupted: "You spoke",
  cancelled: "Stopped",
  failed: "Failed",
  length: "Cut at the longest answer",
  lost: "Broken off",
};

export class EntriesView {
  #list;
  #scroller;
  /** @type {Map<string, HTMLElement>} */
  #items = new Map();
  /** Stay at the newest words, unless the user has scrolled back. */
  #following = true;

  /** @param {HTMLElement} list @param {HTMLElement} scroller */
  constructor(list, scroller) {
    this.#list = list;
    this.#scroller = scroller;
    scroller.addEventListener("scroll", () => { this.#following = this.#atEnd(); });
    new ResizeObserver(() => this.#follow()).observe(scroller);
  }

  /** @param {Entry} entry */
  draw(entry) {
    if (isEmpty(entry)) {
      this.#drop(entry.key);
    } else {
      this.#fill(this.#item(entry), entry);
    }
    this.#follow();
  }

  /** Forget what the conversation has forgotten. @param {Entry[]} entries */
  prune(entries) {
    const kept = new Set(entries.map((entry) => entry.key));
    for (const key of this.#items.keys()) if (!kept.has(key)) this.#drop(key);
  }

  #follow() {
    if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < 80;
  }

  /** @param {Entry} entry */
  #item(entry) {
    const known = this.#items.get(entry.key);
    if (known) return known;
    const item = element("li", "entry");
    item.dataset.speaker = entry.speaker;
    item.append(
      element("span", "visually-hidden", SPEAKERS[entry.speaker]),
      element("div", "words"),
    );
    this.#list.append(item);
    this.#items.set(entry.key, item);
    return item;
  }

  /** @param {HTMLElement} item @param {Entry} entry */
  #fill(item, entry) {
    item.dataset.done = String(entry.done);
    item.dataset.outcome = entry.outcome;
    const words = /** @type {HTMLElement} */ (item.querySelector(".words"));
    words.dir = "auto";
    words.replaceChildren(...pieces(entry));
    item.querySelector(".foot")?.remove();
    const foot = footOf(entry);
    if (foot) item.append(foot);
  }

  /** @param {string} key */
  #drop(key) {
    this.#items.get(key)?.remove();
    this.#items.delete(key);
  }
}

/** @param {Entry} entry */
function isEmpty({ stable, unstable, unheard, outcome, done }) {
  return done && !stable && !unstable && !unheard && !outcome;
}

/** @param {Entry} entry @returns {Node[]} */
function pieces(entry) {
  switch (entry.speaker) {
    case "user":
    case "break":
      return spokenTo(entry);
    case "tool":
      return [toolOf(entry)];
    default:
      return answered(entry);
  }
}

/** @param {Entry} entry */
function spokenTo({ stable, unstable }) {
  const nodes = [element("span", "stable", stable)];
  if (unstable) nodes.push(element("span", "unstable", stable ? ` ${unstable}` : unstable));
  return nodes;
}

/** @param {Entry} entry */
function answered(entry) {
  const { stable, unheard, done } = entry;
  const nodes = markdown(stable, unitsSpoken(entry));
  if (unheard) {
    const paragraph = nodes.at(-1) instanceof HTMLParagraphElement ? nodes.pop() : element("p");
    const cut = /** @type {HTMLElement} */ (paragraph);
    cut.append(gapBefore(unheard), element("s", "unheard", shortened(unheard.trim())));
    nodes.push(cut);
  }
  return stable || unheard || done ? nodes : [element("span", "dots")];
}

/** The server counts whole characters, scripts count halves of some. @param {Entry} entry */
function unitsSpoken({ stable, spoken, done }) {
  return spoken === null || done ? null : [...stable].slice(0, spoken).join("").length;
}

/** @param {Entry} entry */
function toolOf({ stable, details }) {
  const box = element("details", "tool");
  box.append(element("summary", "", stable), ...details.map((text) => element("pre", "", text)));
  return box;
}

/** The first words of what nobody heard are enough. @param {string} text */
function shortened(text) {
  if (text.length <= UNHEARD_CHARS_MAX) return text;
  return `${text.slice(0, text.lastIndexOf(" ", UNHEARD_CHARS_MAX))} …`;
}

/** Words are set apart, a comma is not. @param {string} text */
function gapBefore(text) {
  return /^[\p{Punctuation}]/u.test(text) ? "" : " ";
}

/** @param {Entry} entry */
function footOf({ done, outcome, latency }) {
  const { segments, totalMs } = waterfall(latency);
  if (!done || (!outcome && segments.length === 0)) return null;
  const foot = element("div", "foot");
  if (outcome) foot.append(element("span", "outcome", OUTCOMES[outcome] ?? outcome));
  if (segments.length) foot.append(latencyOf(segments, totalMs, latency.medianMs));
  return foot;
}

/**
 * @param {import("./waterfall.js").Segment[]} segments
 * @param {number} totalMs
 * @param {number | null} medianMs
 */
function latencyOf(segments, totalMs, medianMs) {
  const details = element("details", "latency");
  const summary = element("summary");
  const bar = element("span", "latency-bar");
  bar.ariaHidden = "true";
  const legend = element("dl", "latency-parts");
  for (const { name, label, ms } of segments) {
    const segment = element("span");
    segment.dataset.part = name;
    segment.style.flexGrow = String(ms / totalMs);
    bar.append(segment);
    const row = element("div");
    row.dataset.part = name;
    row.append(element("dt", "", label), element("dd", "", duration(ms)));
    legend.append(row);
  }
  summary.append(bar, element("span", "latency-total", `${duration(totalMs)} to answer`));
  if (medianMs !== null) {
    summary.append(element("span", "latency-median", `median ${duration(medianMs)}`));
  }
  details.append(summary, legend);
  return details;
}

/** @param {string} tag @param {string} [className] @param {string} [text] */
function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}
