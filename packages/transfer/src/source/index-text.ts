import { behindGroup, keyword, sourceText, splitAtCommas, tokenize } from '../sql/tokens.js';

/** What only the text of a CREATE INDEX tells. */
export interface IndexText {
  /** SQL of each part in order, without COLLATE and ASC or DESC. */
  readonly parts: readonly string[];
  readonly whereSql: string | undefined;
}

/** Reads a CREATE INDEX that SQLite has accepted. */
export function readIndexText(sql: string): IndexText {
  const tokens = tokenize(sql);
  const on = tokens.findIndex((token) => keyword(token) === 'ON');
  const open = tokens.findIndex(({ text }, index) => index > on && text === '(');
  const end = behindGroup(tokens, open);
  const parts = splitAtCommas(tokens.slice(open + 1, end - 1)).map((part) => {
    const stop = part.findIndex((token, index) => index > 0 && /^(?:COLLATE|ASC|DESC)$/.test(keyword(token)));
    return sourceText(sql, stop < 0 ? part : part.slice(0, stop));
  });
  const where = tokens.slice(end);
  return {
    parts,
    whereSql:
      keyword(where[0]) === 'WHERE' ? sourceText(sql, where.slice(1)).replace(/;\s*$/, '') : undefined,
  };
}
