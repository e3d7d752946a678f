const TIMESTAMP =
  /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?$/;

/** The length of `2000-01-01 00:00:00.123+00`, the longest text that a Date represents exactly. */
const MAX_EXACT_LENGTH = 26;

/** Parses `2000-01-01 00:00:00.123+00`, with any year and offset, to the millisecond; `undefined` when no Date can represent it, as for `infinity`. */
export function parseTimestamp(text: string): Date | undefined {
  if (text.length <= MAX_EXACT_LENGTH && text[4] === '-' && text.endsWith('+00')) {
    return new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`);
  }
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hours, minutes, seconds, fraction = '', sign, ...offset] = match;
  const date = new Date(0);
  date.setUTCFullYear(
    offset[3] === undefined ? Number(year) : 1 - Number(year),
    Number(month) - 1,
    Number(day),
  );
  date.setUTCHours(
    Number(hours),
    Number(minutes),
    Number(seconds),
    Number(fraction.slice(0, 3).padEnd(3, '0')),
  );
  const [offsetHours, offsetMinutes = '0', offsetSeconds = '0'] = offset;
  const offsetMs = ((Number(offsetHours) * 60 + Number(offsetMinutes)) * 60 + Number(offsetSeconds)) * 1000;
  date.setTime(date.getTime() + (sign === '-' ? offsetMs : -offsetMs));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Formats a Date so that PostgreSQL reads the same time in any session, including years BC and years after 9999. */
export function formatTimestamp(date: Date): string {
  const iso = date.toISOString();
  if (iso.length === 24) return iso.startsWith('0000') ? `0001${iso.slice(4)} BC` : iso;
  const year = date.getUTCFullYear();
  const rest = iso.slice(7);
  return year > 0 ? `${year}${rest}` : `${String(1 - year).padStart(4, '0')}${rest} BC`;
}

/** Checks for the form `YYYY-MM-DD`; `undefined` for a longer year, `BC` or `infinity`. */
export function parseDay(text: string): string | undefined {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? text : undefined;
}

/** Parses `\x00ff` to newly allocated memory. */
export function parseBytes(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length - 2) / 2);
  Buffer.from(bytes.buffer).write(text.slice(2), 'hex');
  return bytes;
}

/** Formats the text of a PostgreSQL array whose elements are not null. */
export function formatArray(elements: readonly unknown[]): string {
  return `{${elements.map(formatElement).join(',')}}`;
}

/** Formats one element of an array that is not null. */
export function formatElement(element: unknown): string {
  if (typeof element === 'number' || typeof element === 'bigint' || typeof element === 'boolean')
    return String(element);
  const text = element instanceof Uint8Array ? `\\x${Buffer.from(element).toString('hex')}` : String(element);
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
