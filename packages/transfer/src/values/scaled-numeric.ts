import type { ColumnType } from './column-type.js';

/** The form of a numeric that Sluice's SQLite driver stores as a whole number: 12.50 as 1250 in `scaled-2`. */
export type ScaledForm = `scaled-${number}`;

/** The most digits of such a numeric, as the driver declares them. */
const MAX_PRECISION = 18;

/** The digits after the point of the values in a file that Sluice's driver makes, when it stores them as whole numbers. */
export function scaleInFile({ name, precision, scale = 0 }: ColumnType): number | undefined {
  const isScaled =
    name === 'numeric' && precision !== undefined && precision <= MAX_PRECISION && scale <= precision;
  return isScaled ? scale : undefined;
}

/** The digits after the point of the values of a form; `undefined` for another form. */
export function scaleOfForm(form: string): number | undefined {
  const digits = /^scaled-(\d+)$/.exec(form)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The whole number that stands for decimal text with `scale` digits after the point. */
export function toUnits(text: string): bigint {
  return BigInt(text.replace('.', ''));
}

/** The decimal text of a whole number with `scale` digits after the point. */
export function unitsText(units: bigint | number, scale: number): string {
  const [sign, digits] = units < 0 ? ['-', String(-units)] : ['', String(units)];
  if (scale === 0) return sign + digits;
  const padded = digits.padStart(scale + 1, '0');
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}
