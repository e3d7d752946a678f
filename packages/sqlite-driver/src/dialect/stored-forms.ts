import { functionCall, type StoredForms, type ValueType } from '@sluice/core';
import { type Expression, sql } from 'kysely';
import { hintedType } from '../values/column-types.js';
import { JSONB_TEXT } from '../values/jsonb-text.js';
import {
  NUMERIC_EXTREMES,
  NUMERIC_OPERATORS,
  NUMERIC_ROUND,
  NUMERIC_SCALED,
  NUMERIC_UNSCALED,
} from '../values/numeric-functions.js';
import { TEXT_NUMBERS } from '../values/text-numbers.js';

/** The types that SQLite stores as text or integers of its own, and the expressions that treat them as what they are. */
export const STORED_FORMS: StoredForms = {
  hidden: new Set(['boolean', 'date', 'json', 'jsonb', 'numeric', 'timestamptz']),
  numeric: (whole) => sql`cast(${whole} as text)`,
  unscaled: (whole, scale) => functionCall(NUMERIC_UNSCALED, whole, sql.lit(scale)),
  scaled: (numeric, scale) => functionCall(NUMERIC_SCALED, numeric, sql.lit(scale)),
  rescaled: (numeric, scale) => functionCall(NUMERIC_ROUND, numeric, sql.lit(scale)),
  numberOf: (text, type) => functionCall(TEXT_NUMBERS[type], text),
  calculated: (operator, left, right) => functionCall(NUMERIC_OPERATORS[operator], left, right),
  extreme: (name, values, isNumeric) =>
    isNumeric
      ? functionCall(NUMERIC_EXTREMES[name], ...values)
      : functionCall(name === 'greatest' ? 'max' : 'min', ...withoutNulls(values)),
  jsonText: (json, type) =>
    sql`case json_type(${json}) when 'null' then null when 'text' then (${json}) ->> '$' else ${type === 'jsonb' ? functionCall(JSONB_TEXT, json) : json} end`,
  jsonbText: (jsonb) => functionCall(JSONB_TEXT, jsonb),
  resultTypes: formatTypeHints,
};

/** The same values, with another one in the place of each NULL. SQLite's max() and min() give NULL when a value is. */
function withoutNulls(values: readonly Expression<unknown>[]): readonly Expression<unknown>[] {
  if (values.length === 1) return [...values, ...values];
  return values.map((_, index) =>
    functionCall('coalesce', ...values.slice(index), ...values.slice(0, index)),
  );
}

/** The comment that the thread parses, with the types as they are declared in SQLite. */
function formatTypeHints(types: ReadonlyMap<string, ValueType | 'whole'>): string {
  const hints = [...types].map(([column, type]) => [column, type === 'whole' ? '' : hintedType(type)]);
  return `/* types ${JSON.stringify(hints).replaceAll('*/', '*\\/')} */`;
}
