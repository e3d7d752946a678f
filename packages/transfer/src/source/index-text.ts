import { afterGroup, keyword, sourceText, splitAtCommas, tokenize } from '../sql/tokens.js';

/** Parts of an index that SQLite's catalog does not return, only the text of CREATE INDEX. */
export interface IndexText {
  /** SQL of each part in order, without COLLATE and ASC or DESC. */
  readonly parts: readonly string[];
  readonly whereSql: string | undefined;
}

/** Parses a CREATE INDEX that SQLite has accepted. */
export function readIndexText(sql: string): IndexText {
  const tokens = tokenize(sql);
  const on = tokens.findIndex((token) => keyword(token) === 'ON');
  const open = tokens.findIndex(({ text }, index) => index > on && text === '(');
  const end = afterGroup(tokens, open);
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
