import { type ColumnProfile, type DeclaredFamily, familyOf } from '../reader/column-profile.js';
import type { SourceColumn } from '../source/schema.js';
import type { ValueForm } from '../values/encode-value.js';

/** The type of a column in PostgreSQL, and the reason for it. */
export interface TypeChoice {
  readonly type: string;
  readonly form: ValueForm;
  readonly why: string;
}

/**
 * Chooses the narrowest PostgreSQL type that holds every value of the column, and among several the one nearest to the declared type. In a
 * column of mixed storage classes the majority decides, and the other values do not fit.
 */
export function chooseType(column: SourceColumn, profile: ColumnProfile): TypeChoice {
  const family = familyOf(column.declaredType);
  const { integers, reals, texts, blobs } = profile;
  const values = integers + reals + texts + blobs;
  if (values === 0)
    return { ...byDeclaration(column.declaredType, family), why: 'no values; by the declared type' };
  const numbers = integers + reals;
  if (blobs * 2 > values) return { type: 'bytea', form: 'plain', why: 'blobs' };
  if (texts * 2 > values) return chooseForText(column.declaredType, family, profile);
  // With as many texts as numbers, the declared type decides.
  if (texts > 0 && texts >= numbers && isTextual(column.declaredType)) {
    return chooseForText(column.declaredType, family, profile);
  }
  return chooseForNumbers(column.declaredType, family, profile);
}

function byDeclaration(declared: string, family: DeclaredFamily): Omit<TypeChoice, 'why'> {
  const type = declared.toLowerCase();
  if (family === 'boolean') return { type: 'boolean', form: 'plain' };
  if (family === 'json') return { type: 'json', form: 'plain' };
  if (family === 'uuid') return { type: 'uuid', form: 'plain' };
  if (family === 'numeric') return { type: declaredNumeric(declared) ?? 'numeric', form: 'plain' };
  if (family === 'time') return byDeclaredTime(type);
  if (/int/.test(type))
    return { type: /big|int8|unsigned/.test(type) ? 'bigint' : smallOrInteger(type), form: 'plain' };
  if (/char|clob|text/.test(type)) return { type: declaredVarchar(declared) ?? 'text', form: 'plain' };
  if (type === '' || /blob|binary|bytea/.test(type))
    return { type: type === '' ? 'text' : 'bytea', form: 'plain' };
  return { type: /real|floa|doub/.test(type) ? 'double precision' : 'text', form: 'plain' };
}

function byDeclaredTime(type: string): Omit<TypeChoice, 'why'> {
  if (/^date$/.test(type)) return { type: 'date', form: 'iso' };
  if (/^time(?!stamp)/.test(type)) return { type: 'text', form: 'plain' };
  return { type: /tz|with time zone/.test(type) ? 'timestamptz' : 'timestamp', form: 'iso' };
}

function smallOrInteger(type: string): string {
  return /small|int2|tiny/.test(type) ? 'smallint' : 'integer';
}

function isTextual(declared: string): boolean {
  return /char|clob|text|string/i.test(declared);
}

/** If at least half of the texts have the form of the declared type, the column gets that type, and the other texts do not fit. */
function chooseForText(declared: string, family: DeclaredFamily, profile: ColumnProfile): TypeChoice {
  const { texts } = profile;
  const isMost = (count: number): boolean => count * 2 >= texts && count > 0;
  if (family === 'time')
    return chooseTime(profile, isMost) ?? asText(declared, profile, 'no dates or times of one form');
  if (family === 'uuid' && isMost(profile.uuids))
    return { type: 'uuid', form: 'plain', why: 'lower-case uuids' };
  if (family === 'json' && isMost(profile.jsons)) {
    return { type: 'json', form: 'plain', why: 'JSON; json keeps its text as it is' };
  }
  if (family === 'boolean' && isMost(profile.words))
    return { type: 'boolean', form: 'words', why: 'booleans in words' };
  return asText(declared, profile, 'text');
}

function chooseTime(profile: ColumnProfile, isMost: (count: number) => boolean): TypeChoice | undefined {
  const digits = profile.secondDigits;
  if (isMost(profile.days)) return { type: 'date', form: 'iso', why: 'days of the calendar' };
  if (isMost(profile.localMoments)) {
    return { type: precise('timestamp', digits), form: 'iso', why: 'ISO 8601 text without a zone' };
  }
  if (!isMost(profile.zonedMoments)) return undefined;
  const loss =
    profile.offsetMoments > 0 ? '; offsets other than UTC are the same moment, written in another way' : '';
  return { type: precise('timestamptz', digits), form: 'iso', why: `ISO 8601 text with a zone${loss}` };
}

/** Three digits, as in Sluice's contract; six only if more than three are stored. */
function precise(name: string, digits: number): string {
  return `${name}(${digits > 3 ? 6 : 3})`;
}

function asText(declared: string, { textLength }: ColumnProfile, why: string): TypeChoice {
  const varchar = declaredVarchar(declared);
  const length = Number(/\d+/.exec(varchar ?? '')?.[0]);
  if (varchar === undefined) return { type: 'text', form: 'plain', why };
  if (textLength <= length)
    return { type: varchar, form: 'plain', why: `${why} of at most ${textLength} characters` };
  return {
    type: 'text',
    form: 'plain',
    why: `${why} of up to ${textLength} characters, longer than ${declared}`,
  };
}

function declaredVarchar(declared: string): string | undefined {
  const length = /char[a-z ]*\(\s*(\d+)\s*\)/i.exec(declared)?.[1];
  return length === undefined || Number(length) < 1 || Number(length) > 10_485_760
    ? undefined
    : `varchar(${Number(length)})`;
}

function declaredNumeric(declared: string): string | undefined {
  const match = /\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)/.exec(declared);
  const precision = Number(match?.[1]);
  const scale = Number(match?.[2] ?? 0);
  return precision >= 1 && precision <= 1000 && scale <= precision
    ? `numeric(${precision}, ${scale})`
    : undefined;
}

function chooseForNumbers(declared: string, family: DeclaredFamily, profile: ColumnProfile): TypeChoice {
  if (family === 'boolean' && profile.reals === 0 && profile.bits * 2 >= profile.integers) {
    return { type: 'boolean', form: 'plain', why: '0 and 1' };
  }
  if (family === 'numeric') return chooseNumeric(declared, profile);
  if (profile.reals > 0) {
    const isExact = isWithin(profile, -(2n ** 53n), 2n ** 53n);
    if (profile.integers === 0) return { type: 'double precision', form: 'plain', why: 'reals' };
    if (isExact)
      return {
        type: 'double precision',
        form: 'plain',
        why: 'reals, and integers that a double holds exactly',
      };
    return { type: 'numeric', form: 'plain', why: 'reals, and integers beyond 2^53' };
  }
  return chooseInteger(declared.toLowerCase(), profile);
}

/** Leaves half of the type's range free for later values, unless the declared type is as narrow. */
function chooseInteger(type: string, profile: ColumnProfile): TypeChoice {
  const range = `${profile.minInteger} to ${profile.maxInteger}`;
  if (/real|floa|doub/.test(type) && isWithin(profile, -(2n ** 53n), 2n ** 53n)) {
    return { type: 'double precision', form: 'plain', why: `integers ${range}, declared ${type}` };
  }
  if (/small|int2|tiny/.test(type) && isWithin(profile, -(2n ** 15n), 2n ** 15n - 1n)) {
    return { type: 'smallint', form: 'plain', why: `integers ${range}` };
  }
  if (!/big|int8|unsigned/.test(type) && isWithin(profile, -(2n ** 30n), 2n ** 30n)) {
    return { type: 'integer', form: 'plain', why: `integers ${range}` };
  }
  return { type: 'bigint', form: 'plain', why: `integers ${range}` };
}

function isWithin({ minInteger = 0n, maxInteger = 0n }: ColumnProfile, min: bigint, max: bigint): boolean {
  return minInteger >= min && maxInteger <= max;
}

/** A real of up to 15 digits is an exact decimal. A longer one has been rounded when it was stored. */
function chooseNumeric(declared: string, profile: ColumnProfile): TypeChoice {
  const { reals, longReals, infinite, wholeDigits, fractionDigits } = profile;
  if (longReals > 0 || infinite > 0) {
    return {
      type: 'double precision',
      form: 'plain',
      why: 'reals of more than 15 digits, as SQLite stored them',
    };
  }
  const bounded = declaredNumeric(declared);
  const [precision = 0, scale = 0] = (bounded?.match(/\d+/g) ?? []).map(Number);
  const integerDigits = String(maxMagnitude(profile)).length;
  const whole = Math.max(reals > 0 ? wholeDigits : 0, profile.integers > 0 ? integerDigits : 0);
  if (bounded !== undefined && whole <= precision - scale && fractionDigits <= scale) {
    return { type: bounded, form: 'plain', why: 'every value fits the declared type' };
  }
  const why = bounded === undefined ? 'exact decimals' : `values beyond the declared ${declared}`;
  return { type: 'numeric', form: 'plain', why };
}

function maxMagnitude({ minInteger = 0n, maxInteger = 0n }: ColumnProfile): bigint {
  return -minInteger > maxInteger ? -minInteger : maxInteger;
}
