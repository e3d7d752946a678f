import type { RowInsertion } from '@sluice/core';
import type { PostgresConnection, SendOptions } from '../connection/connection.js';
import { quoteIdentifier } from '../sql/identifier.js';
import type { Bound } from '../values/parameters.js';

/** From so many rows on COPY is worth the question whether the table takes it. */
const FEWEST_ROWS = 200;

/** Whether rows of this form are worth a COPY. */
export function isWorthCopying(columns: readonly (readonly unknown[])[]): boolean {
  return (columns[0]?.length ?? 0) >= FEWEST_ROWS;
}

/** What a COPY must know of a table. */
export interface CopyTarget {
  /** Whether COPY does to it exactly what INSERT would: it knows no rules and no policies, and writes into an identity that is always generated. */
  readonly isPlain: boolean;
  /** What its columns are, by their names. */
  readonly types: Readonly<Record<string, string>>;
}

/**
 * Reads what a COPY must know. Asked in the same transaction, because another process may change the table; naming the table in the query
 * locks it against that until the transaction ends.
 */
export async function readCopyTarget(
  connection: PostgresConnection,
  { table }: RowInsertion,
  options: SendOptions,
): Promise<CopyTarget> {
  const known = lastTargets.get(connection);
  if (known?.table === table && known.commandsSent === connection.commandsSent) return known.target;
  const name = quoteIdentifier(table);
  const { rows } = await connection.run(copyTarget(name), [name], { ...options, mayPrepare: true });
  return rows[0] === undefined ? { isPlain: false, types: {} } : JSON.parse(rows[0].text(0) ?? '');
}

/** Call after a COPY: the next one in the same transaction, with nothing between them, need not ask again. */
export function keepCopyTarget(
  connection: PostgresConnection,
  { table }: RowInsertion,
  target: CopyTarget,
): void {
  const { commandsSent, status } = connection;
  if (status === 'T') lastTargets.set(connection, { table, target, commandsSent });
}

interface LastTarget {
  readonly table: string;
  readonly target: CopyTarget;
  /** By the connection when the COPY was done: what ends the transaction, or changes the table in it, would have come after. */
  readonly commandsSent: number;
}

const lastTargets = new WeakMap<PostgresConnection, LastTarget>();

const copyTarget = (name: string): string => `
  select json_build_object(
    'isPlain', relkind = 'r' and not relhasrules and not relrowsecurity and coalesce(bool_and(attidentity <> 'a'), true),
    'types', json_object_agg(attname, pg_catalog.format_type(atttypid, null)))
  from pg_catalog.pg_class class join pg_catalog.pg_attribute on attrelid = class.oid and attnum > 0 and not attisdropped
  where class.oid = pg_catalog.to_regclass($1) and not exists (select from ${name} where false)
  group by class.oid`;

/** `copy table (columns) from stdin`. */
export function copyText({ table, columns }: RowInsertion, format: 'binary' | 'text'): string {
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  return `copy ${quoteIdentifier(table)} (${names}) from stdin (format ${format})`;
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
