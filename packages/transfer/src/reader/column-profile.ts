import { parseDecimal } from '@sluice/postgres-driver/copy';
import type { SqliteValue } from '../values/encode-value.js';
import { isJson } from '../values/is-json.js';
import { largeClass, MAX_VALUE_BYTES } from '../values/large-value.js';
import { parseDay, parseMoment } from '../values/time-text.js';

/** The kind of values that a column is meant for, according to its declared type. */
export type DeclaredFamily = 'boolean' | 'json' | 'numeric' | 'other' | 'time' | 'uuid';

/** Counts over the values of a column. The profiles of a table's parts add up to that of the table. */
export interface ColumnProfile {
  nulls: number;
  integers: number;
  reals: number;
  texts: number;
  blobs: number;
  minInteger: bigint | undefined;
  maxInteger: bigint | undefined;
  /** Integers that are 0 or 1. */
  bits: number;
  /** Reals that are whole numbers, and the infinite ones. */
  wholeReals: number;
  infinite: number;
  /** Reals that need more than 15 digits. SQLite may have rounded the decimal that was inserted. */
  longReals: number;
  /** Maximum of digits after the decimal point. */
  fractionDigits: number;
  wholeDigits: number;
  /** Length of the longest text, in UTF-16 units. */
  textLength: number;
  blobBytes: number;
  emptyTexts: number;
  nulTexts: number;
  invalidTexts: number;
  /** Texts that can be read as a value of the declared type, by the form they have. */
  days: number;
  localMoments: number;
  zonedMoments: number;
  offsetMoments: number;
  secondDigits: number;
  words: number;
  uuids: number;
  jsons: number;
  decimals: number;
}

export function emptyProfile(): ColumnProfile {
  return {
    nulls: 0,
    integers: 0,
    reals: 0,
    texts: 0,
    blobs: 0,
    minInteger: undefined,
    maxInteger: undefined,
    bits: 0,
    wholeReals: 0,
    infinite: 0,
    longReals: 0,
    fractionDigits: 0,
    wholeDigits: 0,
    textLength: 0,
    blobBytes: 0,
    emptyTexts: 0,
    nulTexts: 0,
    invalidTexts: 0,
    days: 0,
    localMoments: 0,
    zonedMoments: 0,
    offsetMoments: 0,
    secondDigits: 0,
    words: 0,
    uuids: 0,
    jsons: 0,
    decimals: 0,
  };
}

const MAXIMA = new Set(['fractionDigits', 'wholeDigits', 'textLength', 'blobBytes', 'secondDigits']);

/** Adds the profile of another part of the table. */
export function addProfile(to: ColumnProfile, from: ColumnProfile): void {
  const { minInteger, maxInteger } = from;
  if (minInteger !== undefined && (to.minInteger === undefined || minInteger < to.minInteger))
    to.minInteger = minInteger;
  if (maxInteger !== undefined && (to.maxInteger === undefined || maxInteger > to.maxInteger))
    to.maxInteger = maxInteger;
  const target = to as unknown as Record<string, number>;
  for (const [name, value] of Object.entries(from)) {
    if (typeof value !== 'number') continue;
    const own = target[name] ?? 0;
    target[name] = MAXIMA.has(name) ? Math.max(own, value) : own + value;
  }
}

/** Reads the meaning of a declared type from its name. SQLite itself derives an affinity only. */
export function familyOf(declaredType: string): DeclaredFamily {
  const type = declaredType.toLowerCase();
  if (/bool/.test(type)) return 'boolean';
  if (/date|time/.test(type)) return 'time';
  if (/json/.test(type)) return 'json';
  if (/uuid|guid|uniqueidentifier/.test(type)) return 'uuid';
  return /numeric|decimal|number|money|currency/.test(type) ? 'numeric' : 'other';
}

/** Adds one value. `isInvalid` marks text that is not valid UTF-8. */
export function profileValue(
  profile: ColumnProfile,
  value: SqliteValue,
  family: DeclaredFamily,
  isInvalid: boolean,
): void {
  if (value === null) profile.nulls += 1;
  else if (typeof value === 'bigint') profileInteger(profile, value);
  else if (typeof value === 'number') profileReal(profile, value, family);
  else if (typeof value === 'string') profileText(profile, value, family, isInvalid);
  else {
    profile.blobs += 1;
    if (value.length > profile.blobBytes) profile.blobBytes = value.length;
  }
}

function profileInteger(profile: ColumnProfile, value: bigint): void {
  profile.integers += 1;
  if (value === 0n || value === 1n) profile.bits += 1;
  if (profile.minInteger === undefined || value < profile.minInteger) profile.minInteger = value;
  if (profile.maxInteger === undefined || value > profile.maxInteger) profile.maxInteger = value;
}

function profileReal(profile: ColumnProfile, value: number, family: DeclaredFamily): void {
  profile.reals += 1;
  if (!Number.isFinite(value)) profile.infinite += 1;
  else if (Number.isInteger(value)) profile.wholeReals += 1;
  if (family === 'numeric' && Number.isFinite(value)) profileDigits(profile, value);
}

function profileDigits(profile: ColumnProfile, value: number): void {
  const digits = parseDecimal(String(Math.abs(value)));
  if (digits === undefined) return;
  const { whole, fraction } = digits;
  const significant = (whole + fraction).replace(/^0+/, '').length;
  if (significant > 15) profile.longReals += 1;
  profile.wholeDigits = Math.max(profile.wholeDigits, whole.length);
  profile.fractionDigits = Math.max(profile.fractionDigits, fraction.length);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const WORD = /^(?:t|f|true|false|yes|no|y|n|on|off|0|1)$/i;

function profileText(
  profile: ColumnProfile,
  value: string,
  family: DeclaredFamily,
  isInvalid: boolean,
): void {
  const large = value.startsWith('\0') ? largeClass(value) : undefined;
  if (large !== undefined) {
    profileLarge(profile, large);
    return;
  }
  profile.texts += 1;
  if (value.length > profile.textLength) profile.textLength = value.length;
  if (value.length === 0) profile.emptyTexts += 1;
  if (isInvalid) profile.invalidTexts += 1;
  if (value.includes('\0')) profile.nulTexts += 1;
  if (family !== 'other') profileForm(profile, value, family);
}

function profileLarge(profile: ColumnProfile, storageClass: 'blob' | 'text'): void {
  profile[storageClass === 'blob' ? 'blobs' : 'texts'] += 1;
  profile[storageClass === 'blob' ? 'blobBytes' : 'textLength'] = MAX_VALUE_BYTES + 1;
}

function profileForm(profile: ColumnProfile, value: string, family: DeclaredFamily): void {
  if (family === 'time') profileTime(profile, value);
  else if (family === 'boolean') profile.words += WORD.test(value) ? 1 : 0;
  else if (family === 'uuid') profile.uuids += UUID.test(value) ? 1 : 0;
  else if (family === 'json') profile.jsons += isJson(value) ? 1 : 0;
  else profile.decimals += DECIMAL.test(value) ? 1 : 0;
}

function profileTime(profile: ColumnProfile, value: string): void {
  if (parseDay(value) !== undefined) profile.days += 1;
  const moment = parseMoment(value);
  if (moment === undefined) return;
  if (moment.zone === 'none') profile.localMoments += 1;
  else profile.zonedMoments += 1;
  if (moment.zone === 'offset') profile.offsetMoments += 1;
  profile.secondDigits = Math.max(profile.secondDigits, moment.digits);
}
