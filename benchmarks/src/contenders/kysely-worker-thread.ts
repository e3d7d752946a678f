import type Database from 'better-sqlite3';
import type { IGenericSqlite } from 'kysely-generic-sqlite';
import { createNodeOnMessageCallback } from 'kysely-generic-sqlite/worker-helper-node';
import type { Target } from '../contender.ts';
import { openDatabase } from './better-sqlite3.ts';

// The executor in the package's own documentation, but it keeps prepared statements.
createNodeOnMessageCallback<Record<keyof Target, string>, Database.Database>((target) =>
  executor(target as Target),
);

function executor(target: Target): IGenericSqlite<Database.Database> {
  const database = openDatabase(target);
  const prepared = new Map<string, Database.Statement>();
  const prepare = (sql: string): Database.Statement => {
    const statement = prepared.get(sql) ?? database.prepare(sql);
    prepared.set(sql, statement);
    return statement;
  };
  return {
    db: database,
    query: (_isSelect, sql, parameters) => {
      const statement = prepare(sql);
      if (statement.reader) return { rows: statement.all(parameters) };
      const { changes, lastInsertRowid } = statement.run(parameters);
      return { rows: [], insertId: BigInt(lastInsertRowid), numAffectedRows: BigInt(changes) };
    },
    close: () => {
      database.close();
    },
  };
}
