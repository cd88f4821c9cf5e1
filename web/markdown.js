/**
 * Markdown as nodes, word by word while it is being written and spoken.
 *
 * `marked` reads it; the nodes are made here, each from a fixed list, with text only ever as text.
 * HTML in the source is shown as it was written; links lead to the web or to mail, or nowhere; no
 * picture is fetched. Every piece of text knows its place in the source, so that what has sounded
 * can look different from what will.
 */

import { lexer } from "./vendor/marked.js";

/** @typedef {import("./vendor/marked.js").Token} Token */

/** Longer ones stay plain: they are read again with every word. */
const MARKDOWN_CHARS_MAX = 20_000;
const LINKS = /^(https?:|mailto:)/i;

/** @type {Record<string, string>} */
const TAGS = {
  paragraph: "p", blockquote: "blockquote", list_item: "li", strong: "strong", em: "em", del: "del",
};

/**
 * @param {string} source
 * @param {number | null} spoken  how many UTF-16 units of it have sounded; null: all, or not known
 * @returns {Node[]}
 */
export function markdown(source, spoken = null) {
  const scribe = new Scribe(source, spoken ?? source.length);
  if (source.length > MARKDOWN_CHARS_MAX) return scribe.text(source);
  return lexer(source, { gfm: true, breaks: true }).flatMap((token) => scribe.write(token));
}

class Scribe {
  #source;
  #spoken;
  #place = 0;

  /** @param {string} source @param {number} spoken */
  constructor(source, spoken) {
    this.#source = source;
    this.#spoken = spoken;
  }

  /** @param {Token} token @returns {Node[]} */
  write(token) {
    switch (token.type) {
      case "space":
      case "def":
        return [];
      case "paragraph":
      case "blockquote":
      case "list_item":
      case "strong":
      case "em":
      case "del":
        return [this.#element(TAGS[token.type], token)];
      case "heading":
        return [this.#element("h3", token)];
      case "list":
        return [this.#list(token)];
      case "link":
        return [this.#link(token)];
      case "code":
        return [this.#wrap("pre", [this.#wrap("code", this.text(token.text ?? ""))])];
      case "codespan":
        return [this.#wrap("code", this.text(token.text ?? ""))];
      case "br":
        return [document.createElement("br")];
      case "hr":
        return [document.createElement("hr")];
      case "table":
        return [this.#table(token)];
      case "html":
        return token.block ? [this.#wrap("p", this.text(token.raw.trim()))] : this.text(token.raw);
      case "image":
      case "checkbox":
        return this.text(token.raw);
      default: // text, escapes, and what future versions may bring
        return token.tokens ? this.#inside(token) : this.text(token.text ?? token.raw);
    }
  }

  /** What has sounded and what will, each in its span. @param {string} text @returns {Node[]} */
  text(text) {
    const found = this.#source.indexOf(text, this.#place);
    const from = found < 0 ? this.#place : found;
    if (found >= 0) this.#place = found + text.length;
    const cut = Math.max(0, Math.min(text.length, this.#spoken - from));
    const pieces = [["stable", text.slice(0, cut)], ["coming", text.slice(cut)]];
    return pieces.filter(([, piece]) => piece).map(([name, piece]) => {
      const span = this.#wrap("span", [document.createTextNode(piece)]);
      span.className = name;
      return span;
    });
  }

  /** @param {Token} token */
  #inside({ tokens = [] }) {
    return tokens.flatMap((token) => this.write(token));
  }

  /** @param {string} tag @param {Token} token */
  #element(tag, token) {
    return this.#wrap(tag, this.#inside(token));
  }

  /** @param {Token} token */
  #list({ ordered, start, items = [] }) {
    const list = this.#wrap(ordered ? "ol" : "ul", items.flatMap((item) => this.write(item)));
    if (ordered && start) list.setAttribute("start", String(start));
    return list;
  }

  /** @param {Token} token */
  #link(token) {
    const nodes = this.#inside(token);
    if (!LINKS.test(token.href ?? "")) return this.#wrap("span", nodes);
    const link = /** @type {HTMLAnchorElement} */ (this.#wrap("a", nodes));
    link.href = token.href ?? "";
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    return link;
  }

  /** @param {Token} token */
  #table({ header = [], rows = [] }) {
    const row = (/** @type {string} */ tag, /** @type {Token[]} */ cells) =>
      this.#wrap("tr", cells.map((cell) => this.#element(tag, cell)));
    const head = this.#wrap("thead", [row("th", header)]);
    return this.#wrap("table", [head, this.#wrap("tbody", rows.map((cells) => row("td", cells)))]);
  }

  /** @param {string} tag @param {Node[]} nodes */
  #wrap(tag, nodes) {
    const element = document.createElement(tag);
    element.append(...nodes);
    return element;
  }
}
