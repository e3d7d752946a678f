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
  if (conversion !== undefined) return conversion(to);
  const what = from === undefined ? 'a type that is not portable' : from.name;
  throw new UnsupportedError(
    `"${column}" cannot be changed from ${what} to ${to.name} by an ALTER TABLE that means the same on every driver. ` +
      'Add a column of the new type, fill it with an update, drop the old one and rename the new one.',
  );
}

type ToConversion = (to: ValueType) => Conversion;

const same: ToConversion = () => (value) => value;
const toText: ToConversion = () => (value) => `cast(${value} as text)`;
const toReal: ToConversion = () => (value) => `cast(${value} as real)`;

/** Appends `scale` zeros after the point. */
const wholeToNumeric: ToConversion = ({ scale = 0 }) => {
  const fraction = scale === 0 ? '' : ` || '.${'0'.repeat(scale)}'`;
  return (value) => `(cast(${value} as text)${fraction})`;
};

/** Pads with zeros to `scale`. More digits are kept, and the CHECK rejects them. */
const numericToNumeric: ToConversion = ({ precision, scale = 0 }) => {
  if (precision === undefined || scale === 0) return (value) => value;
  return (value) => {
    const point = `instr(${value}, '.')`;
    const digits = `case when ${point} = 0 then 0 else length(${value}) - ${point} end`;
    const padding = `substr('${'0'.repeat(scale)}', 1, max(0, ${scale} - (${digits})))`;
    return `(${value} || case when ${point} = 0 then '.' else '' end || ${padding})`;
  };
};

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
  numeric: { numeric: numericToNumeric, text: same, varchar: same },
  smallint: WHOLE,
  text: { text: same, varchar: same },
  timestamptz: { timestamptz: same },
  uuid: { uuid: same, text: same, varchar: same },
  varchar: { text: same, varchar: same },
};
