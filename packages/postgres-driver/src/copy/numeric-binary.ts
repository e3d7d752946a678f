import type { TupleWriter } from './tuple-writer.js';

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** Digits of a decimal number: `whole` has no leading zeros, `fraction` has all digits of the text, trailing zeros included. */
export interface DecimalDigits {
  readonly isNegative: boolean;
  readonly whole: string;
  readonly fraction: string;
}

/** Parses decimal text, with or without an exponent; `undefined` when it is not a decimal number. */
export function parseDecimal(text: string): DecimalDigits | undefined {
  const match = DECIMAL.exec(text);
  if (match === null || !/\d/.test(text)) return undefined;
  const [, sign, integer = '', decimals = '', exponent = '0'] = match;
  const shift = Number(exponent);
  if (Math.abs(shift) > 20_000) return undefined;
  const digits = integer + decimals;
  const point = integer.length + shift;
  const padded =
    point > digits.length ? digits.padEnd(point, '0') : digits.padStart(digits.length - point, '0');
  const split = Math.max(point, 0);
  const whole = padded.slice(0, split).replace(/^0+/, '');
  const fraction = point < 0 ? padded : padded.slice(split);
  return { isNegative: sign === '-' && /[1-9]/.test(digits), whole, fraction };
}

/** Fits a number to a precision and scale, and pads its fraction to the scale; `undefined` when digits would be lost. */
export function fitDecimal(
  digits: DecimalDigits,
  precision: number | undefined,
  scale: number | undefined,
): DecimalDigits | undefined {
  if (precision === undefined) {
    return digits.whole.length > 131_072 || digits.fraction.length > 16_383 ? undefined : digits;
  }
  const kept = scale ?? 0;
  if (digits.whole.length > precision - kept || /[1-9]/.test(digits.fraction.slice(kept))) return undefined;
  return { ...digits, fraction: digits.fraction.slice(0, kept).padEnd(kept, '0') };
}

/** Writes a field of type numeric: groups of four digits, without leading and trailing groups of zeros (numeric.c, numeric_send). */
export function writeNumeric(out: TupleWriter, { isNegative, whole, fraction }: DecimalDigits): void {
  const wholeGroups = Math.ceil(whole.length / 4);
  const aligned =
    whole.padStart(wholeGroups * 4, '0') + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const groups: number[] = [];
  for (let at = 0; at < aligned.length; at += 4) groups.push(Number(aligned.slice(at, at + 4)));
  const first = groups.findIndex((group) => group !== 0);
  const last = groups.findLastIndex((group) => group !== 0);
  const kept = first < 0 ? [] : groups.slice(first, last + 1);
  out.int32(8 + kept.length * 2);
  out.int16(kept.length);
  out.int16(first < 0 ? 0 : wholeGroups - first - 1);
  out.int16(isNegative ? 0x4000 : 0);
  out.int16(fraction.length);
  for (const group of kept) out.int16(group);
}
