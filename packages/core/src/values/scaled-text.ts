/** The largest whole number of 64 bits. */
const LARGEST = 2n ** 63n - 1n;

/**
 * Decimal text with exactly `scale` digits after the point. `undefined` when the number has other digits than 0 after them, or when value × 10^scale is beyond 64 bits.
 *
 * @param text decimal text as `checkValue` returns it.
 */
export function scaledText(text: string, scale: number): string | undefined {
  const [whole = '', fraction = ''] = text.split('.');
  if (/[1-9]/.test(fraction.slice(scale))) return undefined;
  const kept = fraction.slice(0, scale).padEnd(scale, '0');
  if (whole.length + scale > MOST_DIGITS) return undefined;
  const units = BigInt(`${whole}${kept}`);
  if (units > LARGEST || units < -LARGEST) return undefined;
  const digits = scale === 0 ? whole : `${whole}.${kept}`;
  return units === 0n && digits.startsWith('-') ? digits.slice(1) : digits;
}

/** A sign and the digits of {@link LARGEST}. */
const MOST_DIGITS = 20;
