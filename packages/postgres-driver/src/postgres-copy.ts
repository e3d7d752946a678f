import type { RowInsertion } from '@sluice/core';
import type { PostgresConnection, SendOptions } from './postgres-connection.js';
import { quoteIdentifier } from './postgres-identifier.js';
import type { Bound } from './postgres-parameters.js';

/** From so many rows on COPY is worth the question whether the table takes it. */
const FEWEST_ROWS = 200;

/** Whether rows of this form are worth a COPY. */
export function isWorthCopying(columns: readonly (readonly Bound[])[]): boolean {
  return (columns[0]?.length ?? 0) >= FEWEST_ROWS;
}

/**
 * Whether COPY does to the table exactly what INSERT would. It knows no rules and no policies, and writes into an identity column that is
 * always generated. Asked each time, in the same transaction, because another process may change the table.
 */
export async function canCopy(
  connection: PostgresConnection,
  { table }: RowInsertion,
  options: SendOptions,
): Promise<boolean> {
  const { rows } = await connection.run(CAN_COPY, [quoteIdentifier(table)], { ...options, mayPrepare: true });
  return rows[0]?.fields[0] === 't';
}

const CAN_COPY = `
  select relkind = 'r' and not relhasrules and not relrowsecurity and not exists (
    select from pg_catalog.pg_attribute where attrelid = class.oid and attidentity = 'a' and not attisdropped
  ) from pg_catalog.pg_class class where oid = pg_catalog.to_regclass($1)`;

/** `copy table (columns) from stdin`. */
export function copyText({ table, columns }: RowInsertion): string {
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  return `copy ${quoteIdentifier(table)} (${names}) from stdin`;
}

/** Writes values, column by column, as COPY's text format: a line for each row, with tabs between its values. */
export function copyData(columns: readonly (readonly Bound[])[]): Buffer {
  const rows = columns[0]?.length ?? 0;
  let text = '';
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns.length; column += 1) {
      if (column > 0) text += '\t';
      text += field(columns[column]?.[row] ?? null);
    }
    text += '\n';
  }
  return Buffer.from(text);
}

function field(value: Bound): string {
  if (value === null) return '\\N';
  if (typeof value !== 'string') return `\\\\x${value.toString('hex')}`;
  return SPECIAL.test(value) ? value.replace(EACH_SPECIAL, (found) => ESCAPES[found] ?? found) : value;
}

const SPECIAL = /[\\\t\n\r]/;
const EACH_SPECIAL = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
