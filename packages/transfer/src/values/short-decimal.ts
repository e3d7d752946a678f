import type { TupleWriter } from '@sluice/postgres-driver/copy';

/** Smaller integers have at most 15 digits. */
const MAX_UNITS = 1e15;

/**
 * Writes a number of at most 15 digits, such as an amount of money, as a field of type numeric, without formatting it as text. For any other
 * number it writes nothing and returns false. The digits are exact: no two decimals of up to 15 digits round to the same double (IEEE 754,
 * DBL_DIG).
 */
export function writeShortDecimal(
  out: TupleWriter,
  value: number,
  precision: number | undefined,
  scale: number | undefined,
): boolean {
  if (precision === undefined || scale === undefined || scale > 4) return false;
  const unit = 10 ** scale;
  const units = Math.round(Math.abs(value) * unit);
  if (units >= MAX_UNITS || units / unit !== Math.abs(value)) return false;
  const whole = Math.floor(units / unit);
  if (whole >= 10 ** (precision - scale)) return false;
  const fraction = (units - whole * unit) * 10 ** (4 - scale);
  writeGroups(out, whole, fraction, value < 0, scale);
  return true;
}

/** Writes groups of four digits, without leading and trailing zero groups (numeric.c, numeric_send). `fraction` is one group. */
function writeGroups(
  out: TupleWriter,
  whole: number,
  fraction: number,
  isNegative: boolean,
  scale: number,
): void {
  const before = countGroups(whole);
  let kept = fraction === 0 ? before : before + 1;
  // Trailing zero groups are omitted, those of the whole part too.
  for (let left = whole; kept > 0 && kept <= before && left % 10_000 === 0; kept -= 1) left /= 10_000;
  out.int32(8 + kept * 2);
  out.int16(kept);
  out.int16(kept === 0 ? 0 : before - 1);
  out.int16(isNegative ? 0x4000 : 0);
  out.int16(scale);
  for (let group = 0; group < kept; group += 1)
    out.int16(group === before ? fraction : Math.floor(whole / 10_000 ** (before - 1 - group)) % 10_000);
}

function countGroups(whole: number): number {
  let count = 0;
  for (let left = whole; left > 0; left = Math.floor(left / 10_000)) count += 1;
  return count;
}
