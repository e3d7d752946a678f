import { flatTokens, keyword } from './tokens.js';

/**
 * Whether the text has the keyword FAIL, as in OR FAIL, ON CONFLICT FAIL and RAISE(FAIL). A column of that name, written without quotes, counts too.
 */
export function mentionsFail(sql: string): boolean {
  if (!/\bfail\b/i.test(sql)) return false;
  for (const token of flatTokens(sql)) if (keyword(token) === 'FAIL') return true;
  return false;
}

/** A query inside a write, and a concatenation, can fail at a later row. SQLite is not prepared for it, other than for violated constraints. */
export const MAY_FAIL_HALFWAY: RegExp = /\bselect\b|\|\|/i;
