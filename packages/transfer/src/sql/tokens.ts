/** A word, a literal or a symbol of SQL. Comments and white space are not tokens. */
export interface Token {
  readonly kind: 'blob' | 'name' | 'number' | 'parameter' | 'string' | 'symbol' | 'word';
  /** As written. */
  readonly text: string;
  /** Offsets in the SQL: of its first character, and after its last. */
  readonly from: number;
  readonly to: number;
}

/** SQLite's tokens (sqlite.org/lang_expr.html, tokenize.c). White space and comments match without a named group. */
const TOKEN =
  /[\s\uFEFF]+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|(?<blob>[xX]'[\dA-Fa-f]*')|(?<string>'(?:[^']|'')*')|(?<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|(?<word>[A-Z_a-z\u0080-\u{10ffff}][\w$\u0080-\u{10ffff}]*)|(?<number>0[xX][\dA-Fa-f]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<parameter>[?:@$#]\w*)|(?<symbol>\|\||<<|>>|<=|>=|<>|!=|==|->>|->|[\s\S])/uy;

const KINDS = ['blob', 'string', 'name', 'word', 'number', 'parameter', 'symbol'] as const;

/** Splits SQL into tokens. It never throws: a character that begins no token is a symbol. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  for (let from = 0; from < sql.length; ) {
    TOKEN.lastIndex = from;
    const { 0: text, groups = {} } = TOKEN.exec(sql) ?? { 0: sql.slice(from) };
    const to = from + text.length;
    const kind = KINDS.find((candidate) => groups[candidate] !== undefined);
    if (kind !== undefined) tokens.push({ kind, text, from, to });
    from = to;
  }
  return tokens;
}

/** The text of a word in capitals, to compare with keywords; empty for any other token. */
export function keyword(token: Token | undefined): string {
  return token?.kind === 'word' ? token.text.toUpperCase() : '';
}

/** The name that a token stands for, without quotes. SQLite accepts a string literal where only a name can stand. */
export function nameOf(token: Token | undefined): string {
  const text = token?.text ?? '';
  const quote = text.charAt(0);
  if (quote === '[') return text.slice(1, -1);
  if (quote !== '"' && quote !== '`' && quote !== "'") return text;
  return text.slice(1, -1).replaceAll(quote + quote, quote);
}

/** Index of the token after the parenthesis that closes the one at `open`; the number of tokens if none does. */
export function afterGroup(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let index = open; index < tokens.length; index += 1) {
    if (tokens[index]?.text === '(') depth += 1;
    if (tokens[index]?.text === ')') depth -= 1;
    if (depth === 0) return index + 1;
  }
  return tokens.length;
}

/** Splits tokens at the commas outside of parentheses. */
export function splitAtCommas(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.text === '(') depth += 1;
    if (token.text === ')') depth -= 1;
    if (token.text === ',' && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.filter((part) => part.length > 0);
}

/** The source text from the first token to the last. */
export function sourceText(sql: string, tokens: readonly Token[]): string {
  const [first] = tokens;
  const last = tokens.at(-1);
  return first === undefined || last === undefined ? '' : sql.slice(first.from, last.to);
}
