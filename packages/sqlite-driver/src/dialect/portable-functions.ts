import { columnOfRows, type JsonColumn, type PortableFunctions, selectFromRows } from '@sluice/core';
import { type Expression, ExpressionWrapper, expressionBuilder, ValueNode } from 'kysely';
import { BUCKET, DATE_PART } from '../values/time-functions.js';
import { call } from './stored-forms.js';

const eb = expressionBuilder<Record<string, Record<string, unknown>>, string>();

/** Core's functions over times that are stored as milliseconds. */
export const PORTABLE_FUNCTIONS: PortableFunctions = {
  addMs: (time, ms) => eb.parens(eb(eb.parens(time), '+', eb.parens(ms))),
  durationMs: (from, to) => eb.parens(eb(eb.parens(to), '-', eb.parens(from))),
  bucket: (unit, time) => call(BUCKET, literal(unit), time),
  datePart: (part, value) => call(DATE_PART, literal(part), value),
  jsonRows: (query, columns, isArray) => {
    const object = call('json_object', ...columns.flatMap(member));
    const rows = call('coalesce', call('json_group_array', object), literal('[]'));
    const value = isArray ? rows : object;
    return selectFromRows(query, [{ value, name: 'rows' }], isArray ? undefined : 1);
  },
};

function member({ name, type }: JsonColumn): readonly Expression<unknown>[] {
  const column = columnOfRows(name);
  return [literal(name), type === undefined ? column : (FORMS[type]?.(column) ?? column)];
}

/** What a stored value is in JSON, where it is not itself. */
const FORMS: Readonly<Partial<Record<string, (column: Expression<unknown>) => Expression<unknown>>>> = {
  bigint: (column) => eb.cast(column, 'text'),
  boolean: (column) =>
    call(
      'json',
      eb.case(column).when(eb.lit(1)).then(literal('true')).when(eb.lit(0)).then(literal('false')).end(),
    ),
  bytea: (column) => eb.case().when(column, 'is not', null).then(call('hex', column)).end(),
  'double precision': (column) =>
    eb
      .case(column)
      .when(eb.cast<number>(literal('9e999'), 'double precision'))
      .then(literal('Infinity'))
      .when(eb.cast<number>(literal('-9e999'), 'double precision'))
      .then(literal('-Infinity'))
      .else(column)
      .end(),
  json: (column) => call('json', column),
  jsonb: (column) => call('json', column),
  whole: (column) => eb.cast(column, 'text'),
};

function literal(text: string): Expression<string> {
  return new ExpressionWrapper(ValueNode.createImmediate(text));
}
