import { parseViolation, type ViolationDetails } from '../errors/constraint-message.js';
import type { Failure } from '../errors/failure.js';
import { targetTable } from '../sql/statement.js';
import { defaultConstraintName } from './default-constraint-name.js';
import { type ForeignKey, findOpenKey, findViolatedKey, readForeignKeys } from './foreign-keys.js';
import type { FailedStatement, InspectedConnection } from './inspected-connection.js';
import { identifiersIn, namedConstraints } from './table-constraints.js';

/**
 * Adds details to the failure of a violated constraint that SQLite's message omits: its name, its columns, and for foreign keys and checks its
 * table. Call it before the transaction ends, while the violating rows are still visible. Never throws.
 *
 * @param statement `undefined` when COMMIT failed.
 */
export function describeViolation(
  connection: InspectedConnection,
  failure: Failure,
  statement: FailedStatement | undefined,
): Failure {
  try {
    const details = find(connection, failure, statement);
    return details === undefined ? failure : { ...failure, details };
  } catch {
    // An error of this search must not replace the failure itself.
    return failure;
  }
}

function find(
  connection: InspectedConnection,
  { code, message }: Failure,
  statement: FailedStatement | undefined,
): ViolationDetails | undefined {
  const told = parseViolation(code, message);
  switch (code) {
    case 'SQLITE_CONSTRAINT_FOREIGNKEY': {
      const key = statement === undefined ? findOpenKey(connection) : findViolatedKey(connection, statement);
      return key === undefined ? undefined : describeKey(connection, key);
    }
    case 'SQLITE_CONSTRAINT_PRIMARYKEY':
      return { ...told, constraint: told.constraint ?? nameOfUnique(connection, told, 'pkey') };
    case 'SQLITE_CONSTRAINT_UNIQUE':
      return { ...told, constraint: told.constraint ?? nameOfUnique(connection, told, 'key') };
    case 'SQLITE_CONSTRAINT_CHECK':
      return describeCheck(connection, told.constraint ?? '', statement);
    default:
      return undefined;
  }
}

/** The details of the foreign key that has the number `id` in its table. */
export function describeForeignKey(
  connection: InspectedConnection,
  table: string,
  id: number,
): ViolationDetails {
  const key = readForeignKeys(connection).find(
    (candidate) => candidate.table === table && candidate.id === id,
  );
  return key === undefined ? { table } : describeKey(connection, key);
}

function describeKey(connection: InspectedConnection, { table, columns }: ForeignKey): ViolationDetails {
  const named = constraintsOf(connection, table).find(
    (constraint) => constraint.kind === 'foreign key' && isSame(constraint.columns, columns),
  );
  return { table, columns, constraint: named?.name ?? defaultConstraintName(table, columns, 'fkey') };
}

function nameOfUnique(
  connection: InspectedConnection,
  { table, columns = [] }: ViolationDetails,
  ending: 'key' | 'pkey',
): string | undefined {
  if (table === undefined) return undefined;
  const named = constraintsOf(connection, table).find(
    ({ kind, columns: its }) => (kind === 'unique' || kind === 'primary key') && isSame(its, columns),
  );
  return (
    named?.name ?? nameOfIndex(connection, table, columns) ?? defaultConstraintName(table, columns, ending)
  );
}

function nameOfIndex(
  connection: InspectedConnection,
  table: string,
  columns: readonly string[],
): string | undefined {
  const rows = connection.rows<{ name: string; column: string }>(
    `select i.name, c.name as "column" from pragma_index_list(?) i, pragma_index_info(i.name) c
     where i."unique" = 1 and i.origin = 'c' order by i.seq, c.seqno`,
    table,
  );
  const indexes = Map.groupBy(rows, ({ name }) => name);
  return [...indexes].find(([, parts]) =>
    isSame(
      parts.map(({ column }) => column),
      columns,
    ),
  )?.[0];
}

/** Looks for the check in the statement's table first, then in all others, to which a trigger may have written. */
function describeCheck(
  connection: InspectedConnection,
  check: string,
  statement: FailedStatement | undefined,
): ViolationDetails {
  const target = statement === undefined ? undefined : targetTable(statement.sql);
  for (const table of target === undefined
    ? tablesWith(connection, check)
    : [target, ...tablesWith(connection, check)]) {
    const named = constraintsOf(connection, table).find(
      ({ kind, name }) => kind === 'check' && name === check,
    );
    if (named !== undefined) {
      return { table, columns: columnsAmong(connection, table, named.columns), constraint: check };
    }
  }
  if (target === undefined) return {};
  // SQLite's message has the expression in place of the name of an unnamed check.
  const columns = columnsAmong(connection, target, identifiersIn(check));
  return { table: target, columns, constraint: defaultConstraintName(target, columns, 'check') };
}

function tablesWith(connection: InspectedConnection, text: string): string[] {
  const sql = `select name from sqlite_schema where type = 'table' and instr(sql, ?) > 0`;
  return connection.rows<{ name: string }>(sql, text).map(({ name }) => name);
}

function columnsAmong(connection: InspectedConnection, table: string, words: readonly string[]): string[] {
  const rows = connection.rows<{ name: string }>('select name from pragma_table_xinfo(?)', table);
  const names = new Map(rows.map(({ name }) => [name.toLowerCase(), name]));
  return words.flatMap((word) => names.get(word.toLowerCase()) ?? []);
}

function constraintsOf(connection: InspectedConnection, table: string): ReturnType<typeof namedConstraints> {
  const sql = `select sql from sqlite_schema where type = 'table' and lower(name) = lower(?)`;
  const [row] = connection.rows<{ sql: string }>(sql, table);
  return row === undefined ? [] : namedConstraints(row.sql);
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, index) => name === right[index]);
}
