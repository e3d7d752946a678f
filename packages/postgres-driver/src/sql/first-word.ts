import { endOfComment } from './tokens.js';

/** The first word of a statement in lower case, after white space, parentheses and comments; empty where something else comes first. */
export function firstWord(text: string): string {
  const at = afterComments(text);
  WORD.lastIndex = at;
  return WORD.exec(text)?.[0].toLowerCase() ?? '';
}

const WORD = /[a-z]+/iy;

/** White space, opening parentheses and comments to the end of a line. */
const SKIPPED = /(?:[\s(]|--[^\n\r]*)*/y;

function afterComments(text: string): number {
  let at = 0;
  for (;;) {
    SKIPPED.lastIndex = at;
    at += SKIPPED.exec(text)?.[0].length ?? 0;
    if (!text.startsWith('/*', at)) return at;
    at = endOfComment(text, at);
  }
}
