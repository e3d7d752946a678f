/** A word, a literal or a symbol of SQL, or a group: everything between two parentheses. Comments and white space are not tokens. */
export interface Token {
  readonly kind: 'group' | 'number' | 'quoted' | 'string' | 'symbol' | 'word';
  /** The text as written; for a group, with its parentheses. */
  readonly text: string;
  /** Offsets of its start and its end in the whole text; the end is exclusive. */
  readonly from: number;
  readonly to: number;
  /** The tokens inside a group; empty for every other token. */
  readonly inner: readonly Token[];
}

/** SQLite's tokens (sqlite.org/lang_keywords.html, tokenize.c). White space and comments match without a name. */
const TOKEN =
  /\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|(?<string>'(?:[^']|'')*')|(?<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|(?<word>[A-Z_a-z\u0080-\u{10ffff}][\w$\u0080-\u{10ffff}]*)|(?<number>\d[\w.]*)|(?<symbol>[\s\S])/uy;

/** Splits SQL into tokens. Parentheses become nested groups. */
export function tokenize(sql: string): readonly Token[] {
  const flat = [...flatTokens(sql)];
  return nest(sql, flat, { next: 0 });
}

/** Splits SQL into tokens; a parenthesis is a symbol. */
export function* flatTokens(sql: string): Generator<Token> {
  TOKEN.lastIndex = 0;
  for (let from = 0; from < sql.length; ) {
    const { 0: text, groups = {} } = TOKEN.exec(sql) ?? { 0: sql.slice(from) };
    const kind = KINDS.find((candidate) => groups[candidate] !== undefined);
    const to = from + text.length;
    TOKEN.lastIndex = to;
    if (kind !== undefined) yield { kind, text, from, to, inner: [] };
    from = to;
  }
}

const KINDS = ['string', 'quoted', 'word', 'number', 'symbol'] as const;

function nest(sql: string, flat: readonly Token[], cursor: { next: number }): Token[] {
  const tokens: Token[] = [];
  for (let token = flat[cursor.next]; token !== undefined; token = flat[cursor.next]) {
    if (token.text === ')') break;
    cursor.next += 1;
    tokens.push(token.text === '(' ? group(sql, flat, cursor, token.from) : token);
  }
  return tokens;
}

function group(sql: string, flat: readonly Token[], cursor: { next: number }, from: number): Token {
  const inner = nest(sql, flat, cursor);
  const to = flat[cursor.next]?.to ?? sql.length;
  cursor.next += 1;
  return { kind: 'group', text: sql.slice(from, to), from, to, inner };
}

/** The token's word in upper case, to compare with a keyword; empty for a token that is not a word. */
export function keyword(token: Token | undefined): string {
  return token?.kind === 'word' ? token.text.toUpperCase() : '';
}

/** The name that a token spells, without quotes. SQLite accepts a string literal where only a name is possible. */
export function nameOf(token: Token | undefined): string {
  if (token === undefined) return '';
  const { text } = token;
  const quote = text.charAt(0);
  if (quote === '[') return text.slice(1, -1);
  if (quote !== '"' && quote !== '`' && quote !== "'") return text;
  return text.slice(1, -1).replaceAll(quote + quote, quote);
}

/** Splits tokens at their commas; empty parts are left out. */
export function splitAtCommas(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (token.text === ',') parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.filter((part) => part.length > 0);
}

/** Every name in an expression, in lower case. Keywords and function names are included. */
export function namesIn(tokens: readonly Token[]): string[] {
  return tokens.flatMap((token) => {
    if (token.kind === 'group') return namesIn(token.inner);
    return token.kind === 'word' || token.kind === 'quoted' ? [nameOf(token).toLowerCase()] : [];
  });
}
