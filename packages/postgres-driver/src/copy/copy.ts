import type { RowInsertion } from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import type { SendOptions } from '../connection/send-options.js';
import { quoteIdentifier, quoteTable } from '../sql/quoting.js';
import type { Bound } from '../values/parameters.js';

/** The number of rows from which COPY is faster, including the query whether the table supports it. */
const MIN_ROWS = 200;

/** Whether there are enough rows for COPY to be faster. */
export function isWorthCopying(columns: readonly (readonly unknown[])[]): boolean {
  return (columns[0]?.length ?? 0) >= MIN_ROWS;
}

/** What a COPY needs to know about its table. */
export interface CopyTarget {
  /** Whether COPY has the same effect as INSERT. COPY ignores rules and policies, and writes to identity columns that are `generated always`. */
  readonly isPlain: boolean;
  /** The types of its columns, by column name, as `format_type` returns them. */
  readonly types: Readonly<Record<string, string>>;
}

/**
 * Reads what a COPY needs to know about its table. Call it in the transaction of the COPY: another process may change the table, and the query locks
 * the table against that until the transaction ends.
 */
export async function readCopyTarget(
  connection: PostgresConnection,
  insertion: RowInsertion,
  options: SendOptions,
): Promise<CopyTarget> {
  const name = quoteTable(insertion);
  const known = cachedTargets.get(connection);
  if (known?.name === name && known.commandsSent === connection.commandsSent) return known.target;
  const { rows } = await connection.run(copyTarget(name), [name], { ...options, mayPrepare: true });
  return rows[0] === undefined ? { isPlain: false, types: {} } : JSON.parse(rows[0].text(0) ?? '');
}

/** Caches the target after a COPY, for another COPY to the same table in the same transaction with no command in between. */
export function keepCopyTarget(
  connection: PostgresConnection,
  insertion: RowInsertion,
  target: CopyTarget,
): void {
  const { commandsSent, status } = connection;
  if (status === 'T') cachedTargets.set(connection, { name: quoteTable(insertion), target, commandsSent });
}

interface CachedTarget {
  readonly name: string;
  readonly target: CopyTarget;
  /** The connection's count after the COPY. A command that ends the transaction, or changes the table, would increase it. */
  readonly commandsSent: number;
}

const cachedTargets = new WeakMap<PostgresConnection, CachedTarget>();

const copyTarget = (name: string): string => `
  select json_build_object(
    'isPlain', relkind = 'r' and not relhasrules and not relrowsecurity and coalesce(bool_and(attidentity <> 'a'), true),
    'types', json_object_agg(attname, pg_catalog.format_type(atttypid, null)))
  from pg_catalog.pg_class class join pg_catalog.pg_attribute on attrelid = class.oid and attnum > 0 and not attisdropped
  where class.oid = pg_catalog.to_regclass($1) and not exists (select from ${name} where false)
  group by class.oid`;

/** The text of `copy table (columns) from stdin`. */
export function copyText(insertion: RowInsertion, format: 'binary' | 'text'): string {
  const { columns } = insertion;
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  return `copy ${quoteTable(insertion)} (${names}) from stdin (format ${format})`;
}

/** Formats values, given by column, in COPY's text format: a line for each row, with tabs between its values. */
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
