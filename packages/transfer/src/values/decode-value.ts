import type { ColumnType } from './column-type.js';
import type { SqliteValue } from './encode-value.js';
import { EPOCH_SECONDS } from './time-text.js';

/** A value as Sluice's SQLite driver stores it, or the reason why SQLite cannot store it. */
export type Decoded = { readonly value: SqliteValue } | { readonly problem: string };

/** Decodes a field of COPY's binary format that is not NULL. */
export function decodeValue(type: ColumnType, bytes: Buffer): Decoded {
  switch (type.name) {
    case 'any':
      return { value: bytes[0] === 0x62 ? bytes.subarray(1) : bytes.toString('utf8', 1) };
    case 'smallint':
      return { value: bytes.readInt16BE() };
    case 'integer':
      return { value: bytes.readInt32BE() };
    case 'bigint':
      return { value: bytes.readBigInt64BE() };
    case 'double precision':
      return storableReal(bytes.readDoubleBE());
    case 'real':
      return storableReal(bytes.readFloatBE());
    case 'boolean':
      return { value: bytes[0] ?? 0 };
    case 'text':
    case 'varchar':
    case 'json':
      return { value: bytes.toString('utf8') };
    case 'jsonb':
      return { value: bytes.toString('utf8', 1) };
    case 'bytea':
      return { value: bytes };
    case 'uuid':
      return { value: uuidText(bytes.toString('hex')) };
    case 'numeric':
      return numericText(bytes);
    case 'date':
      return dayText(bytes.readInt32BE());
    case 'timestamp':
    case 'timestamptz':
      return decodeMoment(type, bytes.readBigInt64BE());
  }
}

/** SQLite stores NaN as NULL and -0 as 0. */
function storableReal(value: number): Decoded {
  if (Number.isNaN(value)) return { problem: 'NaN' };
  return Object.is(value, -0) ? { problem: '-0' } : { value };
}

function uuidText(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Decodes a numeric: groups of four digits (numeric.c, numeric_send). A sign other than plus and minus means NaN or infinity. */
function numericText(bytes: Buffer): Decoded {
  const count = bytes.readUInt16BE(0);
  const weight = bytes.readInt16BE(2);
  const sign = bytes.readUInt16BE(4);
  const scale = bytes.readUInt16BE(6);
  if (sign !== 0 && sign !== 0x4000) return { problem: sign === 0xc000 ? 'NaN' : 'an infinite numeric' };
  const group = (index: number): string =>
    index < 0 || index >= count ? '0000' : String(bytes.readUInt16BE(8 + index * 2)).padStart(4, '0');
  let whole = '';
  for (let index = 0; index <= weight; index += 1) whole += group(index);
  let fraction = '';
  for (let index = weight + 1; fraction.length < scale; index += 1) fraction += group(index);
  const digits = `${whole.replace(/^0+/, '') || '0'}${scale === 0 ? '' : `.${fraction.slice(0, scale)}`}`;
  return { value: sign === 0x4000 ? `-${digits}` : digits };
}

const DAY_MS = 86_400_000;

function dayText(days: number): Decoded {
  const ms = days * DAY_MS + EPOCH_SECONDS * 1000;
  const text = Math.abs(ms) > 8.64e15 ? '' : new Date(ms).toISOString();
  return /^\d{4}-/.test(text) && text >= '0001'
    ? { value: text.slice(0, 10) }
    : { problem: 'a date outside the years 0001 to 9999' };
}

/** A timestamptz becomes milliseconds, the precision of the contract; a timestamp becomes ISO 8601 text with the digits of its type. */
function decodeMoment({ name, precision = 6 }: ColumnType, micros: bigint): Decoded {
  const whole = micros >= 0n ? micros / 1000n : (micros - 999n) / 1000n;
  const ms = Number(whole) + EPOCH_SECONDS * 1000;
  const rest = Number(micros - whole * 1000n);
  if (Math.abs(ms) > 8.64e15) return { problem: 'a time that no Date can hold' };
  if (name === 'timestamptz')
    return rest === 0 ? { value: BigInt(ms) } : { problem: 'a time with microseconds' };
  const iso = new Date(ms).toISOString();
  if (!/^\d{4}-/.test(iso) || iso < '0001') return { problem: 'a time outside the years 0001 to 9999' };
  const fraction = `${iso.slice(20, 23)}${String(rest).padStart(3, '0')}`.slice(0, precision);
  return { value: `${iso.slice(0, 19).replace('T', ' ')}${precision === 0 ? '' : `.${fraction}`}` };
}

/** Prints a field for a report. `hex` may be only the beginning of a large value. */
export function printField(type: ColumnType | undefined, hex: string | null): string {
  if (hex === null) return 'NULL';
  const bytes = Buffer.from(hex, 'hex');
  try {
    if (type === undefined || type.name === 'bytea') return `x'${hex.slice(0, 80)}'`;
    const decoded = decodeValue(type, bytes);
    if ('problem' in decoded) return decoded.problem;
    if (type.name === 'timestamptz') return new Date(Number(decoded.value)).toISOString();
    const text = typeof decoded.value === 'string' ? JSON.stringify(decoded.value) : String(decoded.value);
    return text.length > 80 ? `${text.slice(0, 80)}…` : text;
  } catch {
    // The value is cut off, and cannot be decoded.
    return `x'${hex.slice(0, 80)}'`;
  }
}
