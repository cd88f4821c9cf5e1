/**
 * Draws the conversation: one list item per entry, changed in place. Text is only ever text.
 */

import { duration, waterfall } from "./waterfall.js";

/** @typedef {import("./conversation.js").Entry} Entry */

const UNHEARD_CHARS_MAX = 140;

/** @type {Record<string, string>} */
const OUTCOMES = {
  interrupted: "You spoke",
  cancelled: "Stopped",
  failed: "Failed",
  length: "Cut at the longest answer",
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
      element("span", "visually-hidden", entry.speaker === "user" ? "You: " : "Answer: "),
      element("p", "words"),
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
function isEmpty({ speaker, stable, unstable, done }) {
  return speaker === "user" && done && !stable && !unstable;
}

/** @param {Entry} entry */
function pieces(entry) {
  const { speaker, stable, unstable, unheard, done } = entry;
  const [spoken, coming] = splitAtVoice(entry);
  /** @type {(Node | string)[]} */
  const nodes = [element("span", "stable", spoken), element("span", "coming", coming)];
  if (unstable) nodes.push(element("span", "unstable", stable ? ` ${unstable}` : unstable));
  if (unheard) nodes.push(gapBefore(unheard), element("s", "unheard", shortened(unheard.trim())));
  if (speaker === "assistant" && !stable && !unheard && !done) nodes.push(element("span", "dots"));
  return nodes;
}

/** What has sounded and what will; the server counts whole characters. @param {Entry} entry */
function splitAtVoice({ stable, spoken, done }) {
  if (spoken === null || done) return [stable, ""];
  const characters = [...stable];
  return [characters.slice(0, spoken).join(""), characters.slice(spoken).join("")];
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
  if (segments.length) foot.append(latencyOf(segments, totalMs));
  return foot;
}

/** @param {import("./waterfall.js").Segment[]} segments @param {number} totalMs */
function latencyOf(segments, totalMs) {
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
