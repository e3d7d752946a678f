/** An exact decimal number: `digits` / 10 ** `scale`. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

export const ZERO: Decimal = { digits: 0n, scale: 0 };

const DECIMAL = /^-?\d+(?:\.\d+)?$/;

/** Parses a bigint, or decimal text as a numeric column stores it; `undefined` for anything else. */
export function parseDecimal(value: unknown): Decimal | undefined {
  if (typeof value === 'bigint') return { digits: value, scale: 0 };
  if (typeof value !== 'string' || !DECIMAL.test(value)) return undefined;
  const point = value.indexOf('.');
  if (point === -1) return { digits: BigInt(value), scale: 0 };
  return { digits: BigInt(value.replace('.', '')), scale: value.length - point - 1 };
}

/** Formats a decimal with exactly `scale` digits after the point. */
export function formatDecimal({ digits, scale }: Decimal): string {
  if (scale === 0) return String(digits);
  const sign = digits < 0n ? '-' : '';
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  return `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

export function addDecimals(left: Decimal, right: Decimal): Decimal {
  const scale = Math.max(left.scale, right.scale);
  return { digits: rescale(left, scale) + rescale(right, scale), scale };
}

/** Negative when `left` is less, positive when it is greater, 0 when they are equal by value. */
export function compareDecimals(left: Decimal, right: Decimal): number {
  const scale = Math.max(left.scale, right.scale);
  const difference = rescale(left, scale) - rescale(right, scale);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/** Divides with the scale that PostgreSQL chooses. The last digit is rounded half away from zero. */
export function divideDecimal(dividend: Decimal, divisor: bigint): Decimal {
  const scale = divisionScale(dividend, divisor);
  const numerator = rescale(dividend, Math.max(scale, dividend.scale));
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = (magnitude * 2n + divisor) / (divisor * 2n);
  return { digits: numerator < 0n ? -rounded : rounded, scale };
}

/** PostgreSQL's least number of significant digits, and the decimals in one of its base-10,000 digits (numeric.c, select_div_scale). */
const MIN_SIGNIFICANT_DIGITS = 16;
const GROUP_DIGITS = 4;

function divisionScale(dividend: Decimal, divisor: bigint): number {
  const left = leadingGroup(dividend);
  const right = leadingGroup({ digits: divisor, scale: 0 });
  const weight = left.weight - right.weight - (left.value <= right.value ? 1 : 0);
  return Math.max(MIN_SIGNIFICANT_DIGITS - weight * GROUP_DIGITS, dividend.scale, 0);
}

/** The first base-10,000 digit that is not 0, and its position before the point. */
function leadingGroup({ digits, scale }: Decimal): { readonly weight: number; readonly value: number } {
  if (digits === 0n) return { weight: 0, value: 0 };
  const groups = Math.ceil(scale / GROUP_DIGITS);
  const aligned = rescale({ digits: digits < 0n ? -digits : digits, scale }, groups * GROUP_DIGITS);
  const text = String(aligned);
  const leading = text.length % GROUP_DIGITS || GROUP_DIGITS;
  return {
    weight: Math.ceil(text.length / GROUP_DIGITS) - 1 - groups,
    value: Number(text.slice(0, leading)),
  };
}

function rescale({ digits, scale }: Decimal, wanted: number): bigint {
  return digits * 10n ** BigInt(wanted - scale);
}
