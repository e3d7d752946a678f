/** Strings, quoted names, comments, words, and single other characters; white space separates. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|\[[^\]]*\]|`(?:[^`]|``)*`|--[^\n]*|\/\*[\s\S]*?\*\/|[\p{L}\p{N}_$]+|[^\s]/gu;

/** Splits SQL into tokens; what stands in parentheses becomes one token with them. */
export function tokenize(sql: string): string[] {
  const tokens: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of sql.matchAll(TOKEN)) {
    if (token === '(') {
      if (depth === 0) start = index;
      depth += 1;
    } else if (token === ')') {
      depth -= 1;
      if (depth === 0) tokens.push(sql.slice(start, index + 1));
    } else if (depth === 0) {
      // A line comment would swallow what is put behind it.
      tokens.push(token.startsWith('--') ? `/*${token.slice(2).replaceAll('*/', '* /')} */` : token);
    }
  }
  return tokens;
}

/** Splits tokens at the commas between them. A comment behind a comma stays with what stands before it. */
export function splitAtCommas(tokens: readonly string[]): string[][] {
  const items: string[][] = [[]];
  for (const token of tokens) {
    const item = items.at(-1);
    if (token === ',') items.push([]);
    else if (isComment(token) && item?.length === 0 && items.length > 1) items.at(-2)?.push(token);
    else item?.push(token);
  }
  return items;
}

export function isComment(token: string): boolean {
  return token.startsWith('/*');
}

/** A name without its quotes. */
export function unquote(token: string): string {
  const inner = token.slice(1, -1);
  if (token.startsWith('"')) return inner.replaceAll('""', '"');
  if (token.startsWith('`')) return inner.replaceAll('``', '`');
  return token.startsWith('[') ? inner : token;
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Names are equal whatever their case, as in SQLite. */
export function isNamed(token: string | undefined, name: string): boolean {
  return token !== undefined && unquote(token).toLowerCase() === name.toLowerCase();
}

/** Whether a token is this keyword, which a quoted name never is. */
export function isWord(token: string | undefined, word: string): boolean {
  return token?.toLowerCase() === word;
}
