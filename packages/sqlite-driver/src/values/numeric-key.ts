const NUMERIC = /^(-?)0*(\d*)(?:\.(\d*?)0*)?$/;

/** Digits that the length of a numeric's whole part may have: it has at most 131,072. */
const LENGTH_DIGITS = 6;
const LONGEST = 10 ** LENGTH_DIGITS - 1;

/**
 * Text that sorts as the number sorts: its sign, how many digits stand before the point, then the digits. Those of a negative number count
 * down, and end in a character above every digit, so that a longer one sorts first. Equal numbers have equal keys, whatever their scale.
 * What is no number stays as it is.
 */
export function numericKey(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const match = NUMERIC.exec(value);
  if (match === null) return value;
  const [, sign, whole = '', fraction = ''] = match;
  if (whole === '' && fraction === '') return '0';
  const length = sign === '-' ? LONGEST - whole.length : whole.length;
  const digits = `${String(length).padStart(LENGTH_DIGITS, '0')}${whole}.${fraction}`;
  return sign === '-'
    ? `-${digits.slice(0, LENGTH_DIGITS)}${complement(digits.slice(LENGTH_DIGITS))}~`
    : `1${digits}`;
}

function complement(digits: string): string {
  return digits.replaceAll(/\d/g, (digit) => String(9 - Number(digit)));
}
