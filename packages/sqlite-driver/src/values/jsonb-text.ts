import type Sqlite from 'better-sqlite3';

/** Name of the SQL function that gives the text of a jsonb value as PostgreSQL writes it. Equal values have equal texts. */
export const JSONB_TEXT = 'sluice_jsonb_text';

/** Adds the function to a connection. Only queries use it. */
export function defineJsonbText(database: Sqlite.Database): void {
  database.function(JSONB_TEXT, { deterministic: true }, (json: unknown) =>
    json === null ? null : jsonbText(JSON.parse(String(json))),
  );
}

/** A JSON value as jsonb: keys by length, then by code point, each once; a space after commas and colons; numbers without an exponent. */
export function jsonbText(value: unknown): string {
  if (typeof value === 'number') return plainNumber(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(jsonbText).join(', ')}]`;
  const members = Object.entries(value)
    .map(([key, member]) => ({ key: Buffer.from(key), member }))
    .toSorted((a, b) => a.key.length - b.key.length || Buffer.compare(a.key, b.key));
  return `{${members.map(({ key, member }) => `${JSON.stringify(key.toString())}: ${jsonbText(member)}`).join(', ')}}`;
}

function plainNumber(value: number): string {
  const [, sign = '', whole = '', fraction = '', exponent] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  if (exponent === undefined) return String(value);
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}
