import { parseDecimal } from '@sluice/postgres-driver/copy';

/**
 * Formats JSON as PostgreSQL's jsonb returns it: keys sorted by length, then by bytes; the last of duplicate keys; numbers without exponents
 * (jsonb_util.c, lengthCompareJsonbStringValue). `text` must be valid JSON.
 */
export function jsonbText(text: string): string {
  return new JsonbWriter(text).value();
}

class JsonbWriter {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): string {
    this.#skip();
    const first = this.#text[this.#at];
    if (first === '{') return this.#object();
    if (first === '[') return this.#array();
    if (first === '"') return JSON.stringify(this.#string());
    return this.#scalar();
  }

  #object(): string {
    const members = new Map<string, string>();
    this.#at += 1;
    while (!this.#ends('}')) {
      const key = this.#string();
      this.#skip();
      this.#at += 1;
      members.set(key, this.value());
    }
    const sorted = [...members].sort(([left], [right]) => compareKeys(Buffer.from(left), Buffer.from(right)));
    return `{${sorted.map(([key, value]) => `${JSON.stringify(key)}: ${value}`).join(', ')}}`;
  }

  #array(): string {
    const members: string[] = [];
    this.#at += 1;
    while (!this.#ends(']')) members.push(this.value());
    return `[${members.join(', ')}]`;
  }

  /** Skips a comma. Returns whether the closing bracket follows, and skips it. */
  #ends(bracket: string): boolean {
    this.#skip();
    if (this.#text[this.#at] === ',') this.#at += 1;
    this.#skip();
    if (this.#text[this.#at] !== bracket) return false;
    this.#at += 1;
    return true;
  }

  #string(): string {
    const match = /"(?:[^"\\]|\\.)*"/suy;
    match.lastIndex = this.#at;
    const [text = '""'] = match.exec(this.#text) ?? [];
    this.#at += text.length;
    return JSON.parse(text) as string;
  }

  #scalar(): string {
    const match = /[^\s,\]}]+/y;
    match.lastIndex = this.#at;
    const [text = ''] = match.exec(this.#text) ?? [];
    this.#at += text.length;
    const digits = parseDecimal(text);
    if (digits === undefined) return text;
    const { isNegative, whole, fraction } = digits;
    return `${isNegative ? '-' : ''}${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}`;
  }

  #skip(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }
}

function compareKeys(left: Buffer, right: Buffer): number {
  return left.length - right.length || Buffer.compare(left, right);
}
