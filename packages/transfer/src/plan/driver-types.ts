import { parseValueType, type ValueType } from '@sluice/core/value-types';
import { quoteName } from '../sql/quote.js';
import type { ValueForm } from '../values/encode-value.js';

/** The type and form of a column that Sluice's SQLite driver has declared. */
export interface DriverType {
  readonly type: string;
  readonly form: ValueForm;
}

/** A numeric that is stored as a whole number: 12.50 as 1250 in a numeric(10, 2). */
const SCALED = 'numeric_scaled_blob';

const DECLARED: Readonly<Record<string, string>> = {
  bytea_blob: 'bytea',
  date_text: 'date',
  json_text: 'json',
  jsonb_text: 'jsonb',
  numeric_scaled_blob: 'numeric',
  numeric_text: 'numeric',
  uuid_text: 'uuid',
};

/**
 * The type of a column that Sluice's driver has created, by the CHECK that the driver adds, named `sluice:TYPE:COLUMN`, or by its mark of a
 * bigint identity; `undefined` for every other column. `table` is the table's CREATE TABLE.
 */
export function driverType(table: string, column: string, declaredType: string): DriverType | undefined {
  const check = new RegExp(`"sluice:([^:"]+):${escapePattern(column.replaceAll('"', '""'))}"`, 'i').exec(
    table,
  );
  if (check === null) return undefined;
  if (table.includes(`${quoteName(column)} integer /* bigint */`)) return { type: 'bigint', form: 'plain' };
  const [base = '', rest = ''] = declaredType.toLowerCase().split(/(?=\()/);
  const renamed = DECLARED[base.trim()];
  const type = parseValueType(renamed === undefined ? declaredType : renamed + rest);
  if (type === undefined) return undefined;
  return {
    type: formatType(type),
    form: base.trim() === SCALED ? `scaled-${type.scale ?? 0}` : formOf(type),
  };
}

function formatType({ name, length, precision, scale }: ValueType): string {
  if (name === 'timestamptz') return 'timestamptz(3)';
  if (length !== undefined) return `${name}(${length})`;
  return precision === undefined ? name : `${name}(${precision}, ${scale ?? 0})`;
}

function formOf({ name }: ValueType): ValueForm {
  if (name === 'timestamptz') return 'epoch-ms';
  return name === 'date' ? 'iso' : 'plain';
}

function escapePattern(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}
