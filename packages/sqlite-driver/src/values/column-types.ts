import { parseValueType, type ValueType, type ValueTypeName } from '@sluice/core/value-types';

/**
 * How each portable type is declared, so that SQLite gives the column an affinity that changes no value
 * (sqlite.org/datatype3.html, 3.1): names with INT store integers, with TEXT or CHAR text, with BLOB bytes as they come,
 * with DOUB reals; any other stores numbers.
 */
const DECLARED: Readonly<Record<ValueTypeName, string>> = {
  bigint: 'bigint',
  boolean: 'boolean',
  bytea: 'bytea_blob',
  date: 'date_text',
  'double precision': 'double precision',
  integer: 'integer',
  json: 'json_text',
  jsonb: 'jsonb_text',
  numeric: 'numeric_text',
  smallint: 'smallint',
  text: 'text',
  timestamptz: 'timestamptz',
  uuid: 'uuid_text',
  varchar: 'varchar',
};

/**
 * Portable types that are declared under another name, because SQLite gives their own name an affinity that changes values. A column that is
 * declared under their own name was not made by Sluice.
 */
const RENAMED: ReadonlySet<ValueTypeName> = new Set(['bytea', 'date', 'json', 'jsonb', 'numeric', 'uuid']);

/**
 * How a numeric is declared whose values are stored as whole numbers: 12.50 as 1250 in a numeric(10, 2). BLOB gives the column no affinity, so that decimal text
 * which raw SQL writes, such as '12.00', is refused by the CHECK and not taken for 12, which is 0.12.
 */
const SCALED = 'numeric_scaled_blob';

/** The most digits of a numeric that is stored as a whole number of 64 bits. */
const MAX_SCALED_PRECISION = 18;

const PORTABLE_NAMES: ReadonlyMap<string, ValueTypeName> = new Map(
  Object.entries(DECLARED).map(([name, declared]) => [declared, name as ValueTypeName]),
);

/** The type as a new column stores it: a numeric of at most 18 digits as a whole number. */
export function storedType(type: ValueType): ValueType {
  const { name, precision, scale = 0 } = type;
  const isScaled =
    name === 'numeric' && precision !== undefined && precision <= MAX_SCALED_PRECISION && scale <= precision;
  return isScaled ? { name, precision, scale, isScaled } : type;
}

/** The declared type of a column that stores the portable `type`. */
export function declaredType(type: ValueType): string {
  return `${type.isScaled === true ? SCALED : DECLARED[type.name]}${bounds(type)}`;
}

/** The declared type of an expression. Of a numeric as a whole number it has the most digits. */
export function hintedType(type: ValueType): string {
  return declaredType(type.isScaled === true ? { ...type, precision: MAX_SCALED_PRECISION } : type);
}

/** The portable type of a declared type; `undefined` when the contract has no such type. */
export function portableType(declared: string): ValueType | undefined {
  const [, base = '', rest = ''] = /^([a-z_ ]*?)\s*(\(.*)?$/.exec(declared.trim().toLowerCase()) ?? [];
  if (base === SCALED) {
    const numeric = parseValueType(`numeric${rest}`);
    return numeric?.precision === undefined ? undefined : storedType(numeric);
  }
  const renamed = PORTABLE_NAMES.get(base);
  if (renamed !== undefined) return parseValueType(`${renamed}${rest}`);
  const type = parseValueType(declared);
  return type === undefined || RENAMED.has(type.name) ? undefined : type;
}

/** A CHECK expression that rejects values the type cannot hold. `column` is the quoted name. NULL passes. */
export function typeCheck(type: ValueType, column: string): string {
  const conditions = (type.isScaled === true ? scaledConditions : CHECKS[type.name])(column, type).join(
    ' and ',
  );
  return `${column} is null or (${conditions})`;
}

function bounds({ length, precision, scale }: ValueType): string {
  if (length !== undefined) return `(${length})`;
  return precision === undefined ? '' : `(${precision}, ${scale ?? 0})`;
}

const CHECKS: Readonly<Record<ValueTypeName, (column: string, type: ValueType) => string[]>> = {
  bigint: (c) => [isStoredAs(c, 'integer')],
  boolean: (c) => [isStoredAs(c, 'integer'), `${c} in (0, 1)`],
  bytea: (c) => [isStoredAs(c, 'blob')],
  // date() changes a day that does not exist, such as 2024-02-31, into another, so the comparison fails.
  date: (c) => [
    isText(c),
    `${c} glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'`,
    `date(${c}) = ${c}`,
    `${c} >= '0001'`,
  ],
  'double precision': (c) => [isStoredAs(c, 'real')],
  integer: (c) => [isStoredAs(c, 'integer'), `${c} between -2147483648 and 2147483647`],
  json: (c) => [isText(c), `json_valid(${c})`],
  jsonb: (c) => [isText(c), `json_valid(${c})`],
  numeric: numericConditions,
  smallint: (c) => [isStoredAs(c, 'integer'), `${c} between -32768 and 32767`],
  text: (c) => [isText(c)],
  // From PostgreSQL's earliest timestamp to JavaScript's latest, in milliseconds.
  timestamptz: (c) => [isStoredAs(c, 'integer'), `${c} between -210866803200000 and 8640000000000000`],
  uuid: (c) => [
    isText(c),
    `length(${c}) = 36`,
    `${c} not glob '*[^0-9a-f-]*'`,
    `length(replace(${c}, '-', '')) = 32`,
    ...[9, 14, 19, 24].map((position) => `substr(${c}, ${position}, 1) = '-'`),
  ],
  varchar: (c, { length }) => (length === undefined ? [isText(c)] : [isText(c), `length(${c}) <= ${length}`]),
};

/** A whole number of at most `precision` digits. */
function scaledConditions(c: string, { precision = 0 }: ValueType): string[] {
  const most = '9'.repeat(precision);
  return [isStoredAs(c, 'integer'), `${c} between -${most} and ${most}`];
}

/** Canonical decimal text: no exponent, no leading zeros, exactly `scale` digits after the point. */
function numericConditions(c: string, { precision, scale }: ValueType): string[] {
  const digits = `ltrim(${c}, '-')`;
  const conditions = [
    isText(c),
    `${digits} not glob '*[^0-9.]*'`,
    `${digits} glob '[0-9]*'`,
    `${c} not glob '--*'`,
    `${digits} not glob '0[0-9]*'`,
    `${c} not glob '*.*.*'`,
    `${c} not glob '*.'`,
  ];
  if (precision === undefined) return conditions;
  const wholeDigits = `instr(${digits} || '.', '.') - 1`;
  const fractionDigits = `length(${digits}) - (${wholeDigits}) - instr(${digits}, '.') / max(instr(${digits}, '.'), 1)`;
  conditions.push(`${fractionDigits} = ${scale ?? 0}`);
  conditions.push(`(${wholeDigits} <= ${precision - (scale ?? 0)} or ${digits} glob '0*')`);
  return conditions;
}

function isStoredAs(column: string, storageClass: string): string {
  return `typeof(${column}) = '${storageClass}'`;
}

/** Text without U+0000: PostgreSQL cannot store it, and SQLite's functions stop at it. */
function isText(column: string): string {
  return `${isStoredAs(column, 'text')} and instr(${column}, char(0)) = 0`;
}
