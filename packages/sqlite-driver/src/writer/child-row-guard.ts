import type { ThreadConnection } from '../thread/thread-connection.js';
import type { Failure } from '../thread/thread-protocol.js';

/**
 * Watches, during a schema change, the tables that refer to others: their rows must not vanish with a parent that is rebuilt, as they do where
 * foreign keys act on the DROP TABLE of a rebuild. Rows that the migration deletes by name, or with their table, are its own affair.
 */
export class ChildRowGuard {
  readonly #connection: ThreadConnection;
  readonly #before: ReadonlyMap<string, number>;
  readonly #deletedFrom = new Set<string>();

  constructor(connection: ThreadConnection) {
    this.#connection = connection;
    this.#before = new Map(readChildren(connection).map((table) => [table, count(connection, table)]));
  }

  /** Notes a statement of the migration. */
  note(sql: string): void {
    const match =
      /^\s*(?:delete\s+from|replace\s+into|insert\s+or\s+replace\s+into)\s+(?:"((?:[^"]|"")+)"|(\w+))/i.exec(
        sql,
      );
    const name = match?.[1]?.replaceAll('""', '"') ?? match?.[2];
    if (name !== undefined) this.#deletedFrom.add(name.toLowerCase());
  }

  /** The failure of a COMMIT that would lose rows; `undefined` when all are there. */
  findLoss(): Failure | undefined {
    const children = new Set(readChildren(this.#connection));
    for (const [table, before] of this.#before) {
      if (this.#deletedFrom.has(table.toLowerCase()) || !children.has(table)) continue;
      const lost = before - count(this.#connection, table);
      if (lost > 0) return failureOf(table, lost);
    }
    return undefined;
  }
}

function readChildren(connection: ThreadConnection): string[] {
  const rows = connection.rows<{ name: string }>(
    `select name from sqlite_schema where type = 'table' and exists (select 1 from pragma_foreign_key_list(name))`,
  );
  return rows.map(({ name }) => name);
}

function count(connection: ThreadConnection, table: string): number {
  const [row] = connection.rows<{ n: number }>(`select count(*) as n from "${table.replaceAll('"', '""')}"`);
  return row?.n ?? 0;
}

function failureOf(table: string, lost: number): Failure {
  return {
    code: 'SQLITE_CONSTRAINT_FOREIGNKEY',
    name: 'SqliteError',
    message: `${lost} rows of "${table}" vanished, which the migration did not delete`,
    phase: 'commit',
    details: { table },
  };
}
