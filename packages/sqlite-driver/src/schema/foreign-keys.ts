import { quoteIdentifier } from '../sql/quoting.js';
import { statementVerb, targetTable } from '../sql/statement.js';
import type { FailedStatement, InspectedConnection } from './inspected-connection.js';

/** A foreign key of the schema. */
export interface ForeignKey {
  /** SQLite's id of the key, unique within its table. */
  readonly id: number;
  readonly table: string;
  readonly columns: readonly string[];
  readonly parent: string;
}

/** Tables with more rows are not searched for a violating row, because the search would block the writer. */
const SEARCHED_ROWS = 100_000;

interface ForeignKeyRow {
  readonly table: string;
  readonly id: number;
  readonly parent: string;
  readonly column: string;
}

/**
 * Finds the foreign key that a statement violated, which SQLite does not report. When only one key can be affected, it is that one.
 * Otherwise the statement is run again with deferred keys, the violated key is looked up, and the statement is rolled back.
 */
export function findViolatedKey(
  connection: InspectedConnection,
  statement: FailedStatement,
): ForeignKey | undefined {
  const suspects = keysTouchedBy(statement.sql, readForeignKeys(connection));
  if (suspects.length <= 1) return suspects[0];
  if (!connection.inTransaction) return undefined;
  return connection.undoing(() => {
    connection.pragma('defer_foreign_keys = on');
    connection.runAgain(statement);
    return findOpenKey(connection, suspects);
  });
}

/** The first of `keys` with a row whose parent does not exist. */
export function findOpenKey(
  connection: InspectedConnection,
  keys: readonly ForeignKey[] = readForeignKeys(connection),
): ForeignKey | undefined {
  for (const [table, ofTable] of Map.groupBy(keys, (key) => key.table)) {
    if (hasMoreRows(connection, table, SEARCHED_ROWS)) continue;
    const sql = 'select fkid as id from pragma_foreign_key_check(?)';
    for (const { id } of connection.rows<{ id: number }>(sql, table)) {
      const found = ofTable.find((key) => key.id === id);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** All foreign keys of the schema. */
export function readForeignKeys(connection: InspectedConnection): ForeignKey[] {
  const rows = connection.rows<ForeignKeyRow>(`
    select s.name as "table", k.id, k."table" as parent, k."from" as "column"
    from sqlite_schema s, pragma_foreign_key_list(s.name) k where s.type = 'table' order by s.name, k.id, k.seq`);
  const keys = Map.groupBy(rows, ({ table, id }) => `${id} ${table}`);
  return [...keys.values()].flatMap((parts) => {
    const [first] = parts;
    return first === undefined ? [] : [{ ...first, columns: parts.map(({ column }) => column) }];
  });
}

/** The keys that a statement can violate: an insert those of its table, a delete those that refer to it, an update both. */
function keysTouchedBy(sql: string, keys: readonly ForeignKey[]): ForeignKey[] {
  const target = targetTable(sql)?.toLowerCase();
  if (target === undefined) return [...keys];
  const verb = statementVerb(sql);
  return keys.filter(({ table, parent }) => {
    const isOwn = verb !== 'delete' && table.toLowerCase() === target;
    const refersToIt = verb !== 'insert' && parent.toLowerCase() === target;
    return isOwn || refersToIt;
  });
}

function hasMoreRows(connection: InspectedConnection, table: string, limit: number): boolean {
  const [row] = connection.rows<{ count: number }>(
    `select count(*) as count from (select 1 from ${quoteIdentifier(table)} limit ${limit + 1})`,
  );
  return (row?.count ?? 0) > limit;
}
