import { quoteText } from '../sql/quote.js';
import { keyword, nameOf, tokenize } from '../sql/tokens.js';
import { parseColumnType } from '../values/column-type.js';
import { isJson } from '../values/is-json.js';
import { unitsText } from '../values/scaled-numeric.js';
import { parseDay, parseMoment } from '../values/time-text.js';
import type { Translation } from './expression.js';

/** Expressions for the current time in SQLite (sqlite.org/lang_datefunc.html), without white space and outer parentheses. */
const NOW =
  /^(?:current_timestamp|datetime\('now'(?:,'localtime')?\)|strftime\('%Y-%m-%d[ T]%H:%M:%[Sf]Z?','now'\))$/i;
const TODAY = /^(?:current_date|date\('now'(?:,'localtime')?\))$/i;
const NOW_SECONDS =
  /^(?:unixepoch\((?:'now')?\)|strftime\('%s','now'\)|cast\(strftime\('%s','now'\)asinteger\))$/i;
const NOW_MS =
  /^cast\(round\(unixepoch\('subsec'\)\*1000\)asinteger\)$|^\(?unixepoch\('subsec'\)\*1000\)?$|^cast\(\(?julianday\('now'\)-2440587\.5\)?\*86400000asinteger\)$/i;

/** Translates a column's default for the column's type in PostgreSQL. @param scale the digits after the point of a numeric that SQLite stores as a whole number. */
export function translateDefault(sql: string, type: string, scale?: number): Translation {
  const tokens = tokenize(sql);
  const first = tokens[0];
  const name = parseColumnType(type)?.name ?? 'text';
  const plain = withoutParentheses(tokens.map(({ text }) => text).join(''));
  if (/^null$/i.test(plain)) return { sql: 'null' };
  if (isNow(plain)) return translateNow(plain, name);
  if (/^randomblob\(16\)$/i.test(plain) && name === 'bytea') return { sql: 'uuid_send(gen_random_uuid())' };
  if (/^lower\(hex\(randomblob\(4\)\)/i.test(plain) && name === 'uuid') return { sql: 'gen_random_uuid()' };
  if (scale !== undefined)
    return /^-?\d{1,18}$/.test(plain)
      ? { sql: unitsText(BigInt(plain), scale) }
      : { reason: `no rule for the default ${sql} of a numeric` };
  const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(plain) ? plain : undefined;
  if (number !== undefined) return numberDefault(number, name);
  const unwrapped = tokens.filter(({ text }) => text !== '(' && text !== ')');
  const [literal] = unwrapped;
  if (unwrapped.length === 1 && literal !== undefined) {
    if (literal.kind === 'string' || literal.kind === 'name') return textDefault(nameOf(literal), name);
    if (literal.kind === 'blob' && name === 'bytea')
      return { sql: `'\\x${literal.text.slice(2, -1)}'::bytea` };
    if (literal.kind === 'word') return wordDefault(keyword(literal), literal.text, name);
  }
  return { reason: `no rule for the default ${first === undefined ? '' : sql}` };
}

function isNow(plain: string): boolean {
  return NOW.test(plain) || TODAY.test(plain) || NOW_SECONDS.test(plain) || NOW_MS.test(plain);
}

function translateNow(plain: string, type: string): Translation {
  if (/localtime/i.test(plain)) return { reason: 'the local time of the machine' };
  const isText = type === 'text' || type === 'varchar';
  if (TODAY.test(plain)) {
    if (type === 'date') return { sql: "(now() at time zone 'UTC')::date" };
    return isText ? { sql: utcText('YYYY-MM-DD') } : { reason: `a day as the default of ${type}` };
  }
  if (NOW.test(plain)) return isText ? { sql: utcText(nowFormat(plain)) } : momentNow(type);
  const seconds = 'extract(epoch from now())';
  if (type === 'timestamptz' || type === 'timestamp') return momentNow(type);
  if (type === 'bigint' || type === 'integer') {
    return { sql: NOW_MS.test(plain) ? `floor(${seconds} * 1000)::bigint` : `floor(${seconds})::${type}` };
  }
  return { reason: `a time in seconds as the default of ${type}` };
}

function momentNow(type: string): Translation {
  if (type === 'timestamptz') return { sql: 'now()' };
  return type === 'timestamp'
    ? { sql: "(now() at time zone 'UTC')" }
    : { reason: `a time as the default of ${type}` };
}

function nowFormat(plain: string): string {
  const isIso = /%d"?T/i.test(plain);
  const fraction = /%f/.test(plain) ? '.MS' : '';
  return `YYYY-MM-DD${isIso ? '"T"' : ' '}HH24:MI:SS${fraction}${/Z'/.test(plain) ? '"Z"' : ''}`;
}

function utcText(format: string): string {
  return `to_char(now() at time zone 'UTC', '${format}')`;
}

function numberDefault(number: string, type: string): Translation {
  if (type === 'boolean') {
    return Number(number) === 0 || Number(number) === 1
      ? { sql: Number(number) === 1 ? 'true' : 'false' }
      : { reason: `${number} as a boolean` };
  }
  if (type === 'text' || type === 'varchar') return { sql: quoteText(number) };
  return /^(?:smallint|integer|bigint|numeric|double precision|real)$/.test(type)
    ? { sql: number }
    : { reason: `a number as the default of ${type}` };
}

/** SQLite applies the column's affinity to a text default: '0' in an INTEGER column is 0. */
function textDefault(text: string, type: string): Translation {
  const literal = { sql: quoteText(text) };
  if (type === 'text' || type === 'varchar') return literal;
  if (type === 'boolean' && /^(?:0|1|t|f|true|false)$/i.test(text))
    return { sql: /^(?:1|t)/i.test(text) ? 'true' : 'false' };
  if (/^[+-]?\d+(?:\.\d+)?$/.test(text)) return numberDefault(text, type);
  const isFitting =
    (type === 'date' && parseDay(text) !== undefined) ||
    (type === 'timestamp' && parseMoment(text)?.zone === 'none') ||
    (type === 'timestamptz' && parseMoment(text) !== undefined) ||
    (type === 'json' && isJson(text));
  return isFitting ? literal : { reason: `the text ${quoteText(text)} as the default of ${type}` };
}

function wordDefault(word: string, text: string, type: string): Translation {
  if (word !== 'TRUE' && word !== 'FALSE') return textDefault(text, type);
  if (type === 'boolean') return { sql: word.toLowerCase() };
  return numberDefault(word === 'TRUE' ? '1' : '0', type);
}

function withoutParentheses(text: string): string {
  let plain = text.trim();
  while (/^\([^()]*(?:\([^()]*(?:\([^()]*(?:\([^()]*\)[^()]*)*\)[^()]*)*\)[^()]*)*\)$/.test(plain))
    plain = plain.slice(1, -1);
  return plain;
}
