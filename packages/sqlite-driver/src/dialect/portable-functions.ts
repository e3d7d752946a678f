import {
  columnOfRows,
  functionCall,
  type JsonColumn,
  type PortableFunctions,
  selectFromRows,
  textLiteral,
} from '@sluice/core';
import { type Expression, expressionBuilder } from 'kysely';
import { NUMERIC_UNSCALED } from '../values/numeric-functions.js';
import { NUMERIC_PERCENTILE, PERCENTILE } from '../values/percentile.js';
import { BUCKET, DATE_PART } from '../values/time-functions.js';

const eb = expressionBuilder<Record<string, Record<string, unknown>>, string>();

/** Core's functions over times that are stored as milliseconds. */
export const PORTABLE_FUNCTIONS: PortableFunctions = {
  addMs: (time, ms) => eb.parens(eb(eb.parens(time), '+', eb.parens(ms))),
  durationMs: (from, to) => eb.parens(eb(eb.parens(to), '-', eb.parens(from))),
  bucket: (unit, time) => functionCall(BUCKET, textLiteral(unit), time),
  datePart: (part, value) => functionCall(DATE_PART, textLiteral(part), value),
  percentile: (fraction, value, isNumeric) =>
    functionCall(isNumeric ? NUMERIC_PERCENTILE : PERCENTILE, eb.lit(fraction), value),
  jsonRows: (query, columns, isArray) => {
    const object = functionCall('json_object', ...columns.flatMap(member));
    const rows = functionCall('coalesce', functionCall('json_group_array', object), textLiteral('[]'));
    const value = isArray ? rows : object;
    return selectFromRows(query, [{ value, name: 'rows' }], isArray ? undefined : 1);
  },
};

function member({ name, scale, type }: JsonColumn): readonly Expression<unknown>[] {
  const column = columnOfRows(name);
  if (scale !== undefined) return [textLiteral(name), functionCall(NUMERIC_UNSCALED, column, eb.lit(scale))];
  return [textLiteral(name), type === undefined ? column : (FORMS[type]?.(column) ?? column)];
}

/** What a stored value is in JSON, where it is not itself. */
const FORMS: Readonly<Partial<Record<string, (column: Expression<unknown>) => Expression<unknown>>>> = {
  bigint: (column) => eb.cast(column, 'text'),
  boolean: (column) =>
    functionCall(
      'json',
      eb
        .case(column)
        .when(eb.lit(1))
        .then(textLiteral('true'))
        .when(eb.lit(0))
        .then(textLiteral('false'))
        .end(),
    ),
  bytea: (column) => eb.case().when(column, 'is not', null).then(functionCall('hex', column)).end(),
  'double precision': (column) =>
    eb
      .case(column)
      .when(eb.cast<number>(textLiteral('9e999'), 'double precision'))
      .then(textLiteral('Infinity'))
      .when(eb.cast<number>(textLiteral('-9e999'), 'double precision'))
      .then(textLiteral('-Infinity'))
      .else(column)
      .end(),
  json: (column) => functionCall('json', column),
  jsonb: (column) => functionCall('json', column),
  whole: (column) => eb.cast(column, 'text'),
};
