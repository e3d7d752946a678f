/** Says that a column holds JSON with a number that JavaScript would round. @param path the place of the number, as {@link inexactNumber} gives it. */
export function inexactMessage(column: string, path: string): string {
  return `Column "${column}" holds JSON with a number at ${path} that JavaScript cannot hold exactly. Store it as a string, or select the column as text.`;
}

/** The place of the first number in valid JSON that JavaScript would round, such as `$.a[2]`; `undefined` when there is none. */
export function inexactNumber(text: string): string | undefined {
  if (!MANY_DIGITS.test(text) && !EXPONENT.test(text)) return undefined;
  const next = /"|-?\d[\d.eE+-]*/g;
  for (let match = next.exec(text); match !== null; match = next.exec(text)) {
    const [token] = match;
    if (token === '"') next.lastIndex = endOfString(text, match.index);
    else if (!isExact(token)) return placeOf(text, match.index);
  }
  return undefined;
}

/**
 * What a number must have not to be a double: at most 15 digits without an exponent always are (IEEE 754). Both are searched in a hundredth of the time that
 * parsing takes; V8 does not search for `[0-9.]{16}` in leaps.
 */
const MANY_DIGITS = new RegExp('[0-9.]'.repeat(16));
const EXPONENT = /[0-9][eE][-+0-9]/;

interface Token {
  /** A number, or one character: a bracket, a colon, a comma, or the quote that begins a string. */
  readonly token: string;
  readonly at: number;
  /** The position after the token, and after the whole string. */
  readonly end: number;
}

/** The tokens of valid JSON, without true, false and null. */
function* tokens(text: string): Generator<Token> {
  const next = /["[\]{}:,]|-?\d[\d.eE+-]*/g;
  for (let match = next.exec(text); match !== null; match = next.exec(text)) {
    const [token] = match;
    if (token === '"') next.lastIndex = endOfString(text, match.index);
    yield { token, at: match.index, end: next.lastIndex };
  }
}

/** The position after the string that begins with the quote at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text[at - 1 - escapes] === '\\') escapes += 1;
    if (escapes % 2 === 0) return at + 1;
  }
  return text.length;
}

/** Whether writing the number again, as JavaScript has read it, gives the same decimal. */
function isExact(source: string): boolean {
  const value = Number(source);
  const written = String(value);
  return written === source || (Number.isFinite(value) && canonical(written) === canonical(source));
}

/** The digits without zeros around them, and the power of ten of the last one. */
function canonical(source: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(source) ?? [];
  const digits = whole + fraction;
  let [start, end] = [0, digits.length];
  while (digits[start] === '0') start += 1;
  while (end > start && digits[end - 1] === '0') end -= 1;
  return start === end
    ? '0'
    : `${sign}${digits.slice(start, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** The path to the value at `place`, in the notation of SQL's JSON paths. */
function placeOf(text: string, place: number): string {
  const path: (string | number)[] = [];
  for (const { token, at, end } of tokens(text)) {
    if (at === place) break;
    const last = path.length - 1;
    if (token === '{') path.push('');
    else if (token === '[') path.push(0);
    else if (token === '}' || token === ']') path.pop();
    else if (token === ',' && typeof path[last] === 'number') path[last] += 1;
    else if (token === '"' && typeof path[last] === 'string' && isKey(text, end))
      path[last] = JSON.parse(text.slice(at, end)) as string;
  }
  return `$${path.map(jsonPathStep).join('')}`;
}

/** Whether a colon follows the string that ends at `end`. */
function isKey(text: string, end: number): boolean {
  const following = /[^ \t\r\n]/g;
  following.lastIndex = end;
  return following.exec(text)?.[0] === ':';
}

/** One step of a JSON path: `.name`, `."other name"` or `[1]`. */
export function jsonPathStep(member: string | number): string {
  if (typeof member === 'number') return `[${member}]`;
  return /^[A-Za-z_]\w*$/.test(member) ? `.${member}` : `.${JSON.stringify(member)}`;
}
