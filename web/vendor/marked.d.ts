/** What the page uses of marked; the file beside this one is the whole. */

export interface Token {
  type: string;
  raw: string;
  text?: string;
  block?: boolean;
  href?: string;
  ordered?: boolean;
  start?: number | "";
  tokens?: Token[];
  items?: Token[];
  header?: Token[];
  rows?: Token[][];
}

export function lexer(source: string, options: { gfm: boolean; breaks: boolean }): Token[];
