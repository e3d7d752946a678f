/**
 * A part of an SQL text. `word`: a name or keyword without quotes, in lower case; `name`: one in double quotes, without them; `string`; `parameter`: `$1`;
 * `sign`: one character of an operator or of punctuation, or `::`; `unknown`: what is not read exactly, such as a dollar quote.
 */
export interface Token {
  readonly kind: 'name' | 'number' | 'parameter' | 'sign' | 'string' | 'unknown' | 'word';
  readonly text: string;
}

const PARTS = new RegExp(
  [
    String.raw`(?<space>[ \t\n\r\f\v]+|--[^\n\r]*)`,
    String.raw`(?<comment>/\*)`,
    String.raw`(?<odd>[eE]'|[uU]&['"]|\$(?!\d))`,
    String.raw`(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)`,
    `(?<name>"(?:[^"]|"")*")`,
    String.raw`(?<string>'(?:[^'\\]|'')*')`,
    String.raw`(?<number>\d[\w.]*)`,
    String.raw`(?<parameter>\$\d+)`,
    String.raw`(?<sign>::|[^'"\\])`,
  ].join('|'),
  'sy',
);

/**
 * Splits an SQL text as PostgreSQL does (https://www.postgresql.org/docs/current/sql-syntax-lexical.html). What would be read in another way under another
 * setting, or in a way that is not followed here, ends it with an `unknown` token.
 */
export function* tokensOf(text: string): Generator<Token> {
  let at = 0;
  while (at < text.length) {
    PARTS.lastIndex = at;
    const groups = PARTS.exec(text)?.groups;
    if (groups === undefined || groups.odd !== undefined) {
      yield { kind: 'unknown', text: text.slice(at) };
      return;
    }
    if (groups.comment !== undefined) {
      at = endOfComment(text, at);
      continue;
    }
    at = PARTS.lastIndex;
    const token = toToken(groups);
    if (token !== undefined) yield token;
  }
}

function toToken({
  word,
  name,
  string,
  number,
  parameter,
  sign,
}: Readonly<Record<string, string | undefined>>): Token | undefined {
  if (word !== undefined) return { kind: 'word', text: word.toLowerCase() };
  if (name !== undefined) return { kind: 'name', text: name.slice(1, -1).replaceAll('""', '"') };
  if (string !== undefined) return { kind: 'string', text: string };
  if (number !== undefined) return { kind: 'number', text: number };
  if (parameter !== undefined) return { kind: 'parameter', text: parameter };
  return sign === undefined ? undefined : { kind: 'sign', text: sign };
}

/** The end of a comment between slash and asterisk that begins at `from`. They nest in PostgreSQL. */
export function endOfComment(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; ) {
    const two = text.slice(at, at + 2);
    if (two === '/*') depth += 1;
    else if (two === '*/') depth -= 1;
    else {
      at += 1;
      continue;
    }
    at += 2;
    if (depth === 0) return at;
  }
  return text.length;
}
