import { flatTokens, keyword, type Token } from './tokens.js';

/** Longer statements are not looked at. */
const LONGEST = 1000;

/** Words after which a parenthesis is a group or a list. After any other it is a call of a function, which may take long. */
const BEFORE_GROUP: ReadonlySet<string> = new Set(['AND', 'IN', 'NOT', 'ON', 'OR', 'SELECT', 'WHERE']);

/** Words of queries that may read many rows for one, or for which a key may have many: IS NULL is true for any number of rows. */
const UNBOUNDED: ReadonlySet<string> = new Set([
  'EXCEPT',
  'GLOB',
  'GROUP',
  'INTERSECT',
  'IS',
  'ISNULL',
  'LIKE',
  'MATCH',
  'OVER',
  'REGEXP',
  'UNION',
  'WINDOW',
  'WITH',
]);

/** Whether a query may be one that reads a few rows by their keys: one SELECT without subqueries and without functions. SQLite's plan then tells. */
export function looksBounded(sql: string): boolean {
  if (sql.length > LONGEST) return false;
  let before: Token | undefined;
  for (const token of flatTokens(sql)) {
    const word = keyword(token);
    const isFirst = before === undefined;
    if (isFirst !== (word === 'SELECT') || UNBOUNDED.has(word)) return false;
    if (token.text === '(' && isName(before)) return false;
    before = token;
  }
  return before !== undefined;
}

function isName(token: Token | undefined): boolean {
  return token?.kind === 'quoted' || (token?.kind === 'word' && !BEFORE_GROUP.has(keyword(token)));
}
