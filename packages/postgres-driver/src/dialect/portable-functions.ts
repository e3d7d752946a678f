import {
  columnOfRows,
  type DatePart,
  functionCall,
  type JsonColumn,
  type PortableFunctions,
  selectFromRows,
  textLiteral,
  wholeRow,
} from '@sluice/core';
import { type Expression, expressionBuilder } from 'kysely';

const eb = expressionBuilder<Record<string, Record<string, unknown>>, string>();

const MS_PER_SECOND = 1_000;

/** Core's functions. They are nodes without raw SQL, so that a query that only reads remains one. */
export const PORTABLE_FUNCTIONS: PortableFunctions = {
  now: () => functionCall('date_trunc', textLiteral('milliseconds'), functionCall('now')),
  addMs: (time, ms) => eb.parens(eb(eb.parens(time), '+', eb(millisecond(), '*', eb.parens(ms)))),
  durationMs: (from, to) => eb.parens(eb(epochMs(to), '-', epochMs(from))),
  bucket: (unit, time) => functionCall('date_trunc', textLiteral(unit), time, textLiteral('UTC')),
  datePart: (part, value, type) => {
    const local = type === 'date' ? value : functionCall('timezone', textLiteral('UTC'), value);
    return eb.cast(
      functionCall('floor', functionCall('date_part', textLiteral(FIELDS[part] ?? part), local)),
      'integer',
    );
  },
  percentile: (fraction, value) => eb.fn.agg('percentile_disc', [eb.lit(fraction)]).withinGroupOrderBy(value),
  jsonRows: (query, columns, isArray) => {
    const rows = selectFromRows(query, columns.map(member), isArray ? undefined : 1);
    const object = functionCall('to_json', wholeRow());
    const all = functionCall(
      'coalesce',
      functionCall('json_agg', object),
      eb.cast(textLiteral('[]'), 'json'),
    );
    return selectFromRows(rows, [{ value: isArray ? all : object, name: 'rows' }]);
  },
};

/** PostgreSQL's names, where they are others. */
const FIELDS: Readonly<Partial<Record<DatePart, string>>> = { dayOfWeek: 'isodow', dayOfYear: 'doy' };

function member({ name, type }: JsonColumn): { readonly value: Expression<unknown>; readonly name: string } {
  const column = columnOfRows(name);
  return { name, value: type === undefined ? column : (FORMS[type]?.(column) ?? column) };
}

/** What a value is in JSON, where `to_json` gives something else. */
const FORMS: Readonly<Partial<Record<string, (column: Expression<unknown>) => Expression<unknown>>>> = {
  bigint: (column) => eb.cast(column, 'text'),
  bytea: (column) => functionCall('upper', functionCall('encode', column, textLiteral('hex'))),
  date: (column) => eb.cast(column, 'text'),
  numeric: (column) => eb.cast(column, 'text'),
  timestamptz: epochMs,
  whole: (column) => eb.cast(column, 'text'),
};

/** The milliseconds since 1970. A double holds no epoch to the millisecond, so the two parts are taken apart. */
function epochMs(time: Expression<unknown>): Expression<unknown> {
  const seconds = eb.cast(
    functionCall('date_part', textLiteral('epoch'), functionCall('date_trunc', textLiteral('second'), time)),
    'bigint',
  );
  // The milliseconds of the minute.
  const ms = eb.cast(
    functionCall('floor', functionCall('date_part', textLiteral('milliseconds'), time)),
    'bigint',
  );
  const thousand = eb.lit(MS_PER_SECOND);
  return eb.parens(eb(eb(seconds, '*', thousand), '+', eb(ms, '%', thousand)));
}

function millisecond(): Expression<unknown> {
  const zero = eb.lit(0);
  return functionCall('make_interval', zero, zero, zero, zero, zero, zero, eb.lit(1 / MS_PER_SECOND));
}
