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

/** The decimal of a double's first 15 significant digits, as PostgreSQL casts it (numeric.c, float8_numeric); `undefined` when it is not finite. */
export function decimalOfDouble(value: number): Decimal | undefined {
  if (!Number.isFinite(value)) return undefined;
  const [mantissa = '', exponent = '0'] = value.toExponential(14).split('e');
  const scale = 14 - Number(exponent);
  const digits = BigInt(mantissa.replace('.', ''));
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
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

export function subtractDecimals(left: Decimal, right: Decimal): Decimal {
  return addDecimals(left, { digits: -right.digits, scale: right.scale });
}

export function multiplyDecimals(left: Decimal, right: Decimal): Decimal {
  return { digits: left.digits * right.digits, scale: left.scale + right.scale };
}

/** Divides with the scale that PostgreSQL chooses. The last digit is rounded half away from zero. `divisor` is not 0. */
export function divideDecimals(dividend: Decimal, divisor: Decimal): Decimal {
  const scale = divisionScale(dividend, divisor);
  const numerator = dividend.digits * 10n ** BigInt(scale + divisor.scale);
  const denominator = divisor.digits * 10n ** BigInt(dividend.scale);
  return { digits: roundedQuotient(numerator, denominator), scale };
}

/** The remainder, with the sign of the dividend. `divisor` is not 0. */
export function remainderOf(dividend: Decimal, divisor: Decimal): Decimal {
  const scale = Math.max(dividend.scale, divisor.scale);
  return { digits: rescale(dividend, scale) % rescale(divisor, scale), scale };
}

/** The decimal with `scale` digits after the point, rounded half away from zero. */
export function roundDecimal(value: Decimal, scale: number): Decimal {
  if (scale >= value.scale) return { digits: rescale(value, scale), scale };
  return { digits: roundedQuotient(value.digits, 10n ** BigInt(value.scale - scale)), scale };
}

/** Rounds half away from zero. */
function roundedQuotient(numerator: bigint, denominator: bigint): bigint {
  const [above, below] = [
    numerator < 0n ? -numerator : numerator,
    denominator < 0n ? -denominator : denominator,
  ];
  const rounded = (above * 2n + below) / (below * 2n);
  return numerator < 0n === denominator < 0n ? rounded : -rounded;
}

/** PostgreSQL's least number of significant digits, and the decimals in one of its base-10,000 digits (numeric.c, select_div_scale). */
const MIN_SIGNIFICANT_DIGITS = 16;
const GROUP_DIGITS = 4;

function divisionScale(dividend: Decimal, divisor: Decimal): number {
  const left = leadingGroup(dividend);
  const right = leadingGroup(divisor);
  const weight = left.weight - right.weight - (left.value <= right.value ? 1 : 0);
  return Math.max(MIN_SIGNIFICANT_DIGITS - weight * GROUP_DIGITS, dividend.scale, divisor.scale, 0);
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
