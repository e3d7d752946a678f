import type { StoredForms, ValueTypeName } from '@sluice/core';
import { type Expression, ExpressionWrapper, FunctionNode, sql } from 'kysely';
import { declaredType } from '../values/column-types.js';
import { NUMERIC_OPERATORS, NUMERIC_ROUND } from '../values/numeric-functions.js';

/** The types that SQLite stores as text or integers of its own, and the expressions that treat them as what they are. */
export const STORED_FORMS: StoredForms = {
  hidden: new Set(['boolean', 'date', 'json', 'jsonb', 'numeric', 'timestamptz']),
  // unixepoch() with subseconds is a real of seconds; the time is that of the statement in each place (sqlite.org/lang_datefunc.html).
  now: () => sql`cast(round(unixepoch('subsec') * 1000) as integer)`,
  numeric: (whole) => sql`cast(${whole} as text)`,
  rescaled: (numeric, scale) => call(NUMERIC_ROUND, numeric, sql.lit(scale)),
  calculated: (operator, left, right) => call(NUMERIC_OPERATORS[operator], left, right),
  jsonText: (json) =>
    sql`case json_type(${json}) when 'null' then null when 'text' then (${json}) ->> '$' else ${json} end`,
  resultTypes: formatTypeHints,
};

/** The call of a function. It is a node that core knows not to write, so that the query remains one that only reads. */
export function call(name: string, ...operands: readonly Expression<unknown>[]): Expression<unknown> {
  return new ExpressionWrapper(
    FunctionNode.create(
      name,
      operands.map((operand) => operand.toOperationNode()),
    ),
  );
}

/** The comment that the thread parses, with the types as they are declared in SQLite. */
function formatTypeHints(types: ReadonlyMap<string, ValueTypeName | 'whole'>): string {
  const hints = [...types].map(([column, name]) => [column, name === 'whole' ? '' : declaredType({ name })]);
  return `/* types ${JSON.stringify(hints).replaceAll('*/', '*\\/')} */`;
}
