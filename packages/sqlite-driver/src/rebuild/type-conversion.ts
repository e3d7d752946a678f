import { UnsupportedError, type ValueType, type ValueTypeName } from '@sluice/core';

/** Converts the SQL expression of a value to another type. */
export type Conversion = (value: string) => string;

/**
 * The conversion of a column's stored values to its new type. It gives the same values as PostgreSQL's assignment cast, and exists only for pairs
 * of types for which SQLite can do so exactly. A value that does not fit the new type is not converted, and the new column's CHECK rejects it.
 *
 * @throws UnsupportedError for any other pair.
 */
export function conversionBetween(from: ValueType | undefined, to: ValueType, column: string): Conversion {
  const conversion = from === undefined ? undefined : CONVERSIONS[from.name]?.[to.name];
  if (conversion !== undefined && from !== undefined) return conversion(to, from);
  const what = from === undefined ? 'a type that is not portable' : from.name;
  throw new UnsupportedError(
    `"${column}" cannot be changed from ${what} to ${to.name} by an ALTER TABLE that means the same on every driver. ` +
      'Add a column of the new type, fill it with an update, drop the old one and rename the new one.',
  );
}

type ToConversion = (to: ValueType, from: ValueType) => Conversion;

const same: ToConversion = () => (value) => value;
const toText: ToConversion = () => (value) => `cast(${value} as text)`;
const toReal: ToConversion = () => (value) => `cast(${value} as real)`;

/** Appends `scale` zeros after the point. */
const wholeToNumeric: ToConversion = ({ isScaled, scale = 0 }) => {
  if (isScaled === true) return (value) => `(${value} * ${power(scale)})`;
  const fraction = scale === 0 ? '' : ` || '.${'0'.repeat(scale)}'`;
  return (value) => `(cast(${value} as text)${fraction})`;
};

/** Pads with zeros to `scale`. More digits are kept, and the CHECK rejects them. */
const numericToNumeric: ToConversion = (to, from) => {
  if (from.isScaled === true)
    return to.isScaled === true ? rescaled(from.scale ?? 0, to.scale ?? 0) : scaledToText(from, to);
  if (to.isScaled === true) return textToScaled(to.scale ?? 0);
  const { precision, scale = 0 } = to;
  if (precision === undefined || scale === 0) return (value) => value;
  return (value) => {
    const point = `instr(${value}, '.')`;
    const digits = `case when ${point} = 0 then 0 else length(${value}) - ${point} end`;
    const padding = `substr('${'0'.repeat(scale)}', 1, max(0, ${scale} - (${digits})))`;
    return `(${value} || case when ${point} = 0 then '.' else '' end || ${padding})`;
  };
};

/** From a numeric as a whole number to one of another scale, rounded half away from zero. One that overflows becomes a real, and the CHECK rejects it. */
function rescaled(from: number, to: number): Conversion {
  if (to >= from) return (value) => (to === from ? value : `(${value} * ${power(to - from)})`);
  const by = power(from - to);
  return (value) => `((${value} + case when ${value} < 0 then -1 else 1 end * ${by} / 2) / ${by})`;
}

/** From decimal text to a whole number: of one digit more than the scale, which is then rounded. */
function textToScaled(scale: number): Conversion {
  const kept = scale + 1;
  const round = rescaled(kept, scale);
  return (value) => {
    const point = `instr(${value} || '.', '.')`;
    const fraction = `substr(substr(${value}, ${point} + 1) || '${'0'.repeat(kept)}', 1, ${kept})`;
    return round(`cast(substr(${value}, 1, ${point} - 1) || ${fraction} as integer)`);
  };
}

/** From a numeric as a whole number to decimal text. With a precision, the text has the scale of `to`. */
function scaledToText({ scale = 0 }: ValueType, to: ValueType): Conversion {
  const isShorter = to.precision !== undefined && (to.scale ?? 0) < scale;
  const digits = isShorter ? (to.scale ?? 0) : scale;
  const round = rescaled(scale, digits);
  const pad = numericToNumeric(to, { name: 'numeric', scale: digits });
  return (value) => {
    const rounded = round(value);
    const sign = `case when ${rounded} < 0 then '-' else '' end`;
    const whole = `abs(${rounded}) / ${power(digits)}`;
    const fraction = `substr('${'0'.repeat(digits)}' || (abs(${rounded}) % ${power(digits)}), -${digits})`;
    const text = `(${sign} || (${whole})${digits === 0 ? '' : ` || '.' || ${fraction}`})`;
    return pad(`case when ${value} is not null then ${text} end`);
  };
}

const numericToText: ToConversion = (to, from) =>
  from.isScaled === true ? scaledToText(from, { name: to.name }) : (value) => value;

function power(digits: number): string {
  return `1${'0'.repeat(digits)}`;
}

const booleanToText: ToConversion = () => (value) =>
  `case ${value} when 1 then 'true' when 0 then 'false' end`;

const WHOLE: Readonly<Partial<Record<ValueTypeName, ToConversion>>> = {
  bigint: same,
  'double precision': toReal,
  integer: same,
  numeric: wholeToNumeric,
  smallint: same,
  text: toText,
  varchar: toText,
};

const CONVERSIONS: Readonly<
  Partial<Record<ValueTypeName, Readonly<Partial<Record<ValueTypeName, ToConversion>>>>>
> = {
  bigint: WHOLE,
  boolean: { boolean: same, text: booleanToText, varchar: booleanToText },
  bytea: { bytea: same },
  date: { date: same, text: same, varchar: same },
  'double precision': { 'double precision': same },
  integer: WHOLE,
  json: { json: same, jsonb: same },
  jsonb: { jsonb: same },
  numeric: { numeric: numericToNumeric, text: numericToText, varchar: numericToText },
  smallint: WHOLE,
  text: { text: same, varchar: same },
  timestamptz: { timestamptz: same },
  uuid: { uuid: same, text: same, varchar: same },
  varchar: { text: same, varchar: same },
};
