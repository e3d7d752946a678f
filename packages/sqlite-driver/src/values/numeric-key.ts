const NUMERIC = /^(-?)0*(\d*)(?:\.(\d*?)0*)?$/;

/** Width of the length prefix: a numeric has at most 131,072 digits before the point. */
const LENGTH_DIGITS = 6;
const LONGEST = 10 ** LENGTH_DIGITS - 1;

/**
 * A text key that sorts like the number: the sign, the number of digits before the point, then the digits. For a negative number the digits are
 * complemented and end in a character above every digit, so that a longer number sorts first. Equal numbers have equal keys, whatever their
 * scale. A value that is not a number is returned unchanged.
 */
export function numericKey(value: unknown): unknown {
  if (typeof value === 'bigint') return numericKey(String(value));
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
