import { flatTokens, keyword, nameOf, type Token } from './tokens.js';

/** The table that a statement inserts into; `undefined` for one that is no INSERT or REPLACE. Reads no further than the name. */
export function insertTarget(sql: string): string | undefined {
  const tokens = outerTokens(sql);
  for (const token of tokens) {
    const word = keyword(token);
    if (OTHERS.has(word)) return undefined;
    if (word !== 'INTO') continue;
    const [name, point, inSchema] = [next(tokens), next(tokens), next(tokens)];
    return nameOf(point?.text === '.' ? inSchema : name);
  }
  return undefined;
}

const OTHERS: ReadonlySet<string> = new Set(['DELETE', 'SELECT', 'UPDATE', 'VALUES']);

/** The tokens outside of parentheses. */
function* outerTokens(sql: string): Generator<Token> {
  let depth = 0;
  for (const token of flatTokens(sql)) {
    if (token.text === ')') depth -= 1;
    if (depth === 0) yield token;
    if (token.text === '(') depth += 1;
  }
}

function next(tokens: Generator<Token>): Token | undefined {
  return tokens.next().value ?? undefined;
}
