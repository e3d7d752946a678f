import type { TupleWriter } from '@sluice/postgres-driver/copy';

/** Below it a number of whole units has at most 15 digits. */
const MAX_UNITS = 1e15;

/**
 * Writes a number with few digits, as of money, as a field of type numeric, without its text in between; false, with nothing written, for any
 * other. The number of 1/10^`scale` that rounds to the double is the one whose digits the double is written with: no two decimals of up to
 * 15 digits round to the same double (IEEE 754, DBL_DIG).
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
  writeGroups(out, groupsOf(whole), fraction, value < 0, scale);
  return true;
}

/** Groups of four digits, the first one not 0. */
function groupsOf(whole: number): number[] {
  const groups: number[] = [];
  for (let left = whole; left > 0; left = Math.floor(left / 10_000)) groups.push(left % 10_000);
  return groups.reverse();
}

/** Without zeros in front and behind (numeric.c, numeric_send). */
function writeGroups(
  out: TupleWriter,
  whole: number[],
  fraction: number,
  isNegative: boolean,
  scale: number,
): void {
  const weight = whole.length - 1;
  const groups = fraction === 0 ? whole : [...whole, fraction];
  while (groups.at(-1) === 0) groups.pop();
  out.int32(8 + groups.length * 2);
  out.int16(groups.length);
  out.int16(groups.length === 0 ? 0 : weight);
  out.int16(isNegative ? 0x4000 : 0);
  out.int16(scale);
  for (const group of groups) out.int16(group);
}
