import { Kysely, SqliteDialect } from 'kysely';
import type { Contender } from '../contender.ts';
import { openDatabase } from './better-sqlite3.ts';
import { type BenchmarkTables, kyselySession, sqliteSettings } from './kysely-session.ts';

/** Kysely with its own SQLite dialect: one connection, on the main thread. */
export const kyselySqlite: Contender = {
  engine: 'sqlite',
  packages: ['kysely', 'better-sqlite3'],
  open(target) {
    const kysely = new Kysely<BenchmarkTables>({
      dialect: new SqliteDialect({ database: openDatabase(target) }),
    });
    return kyselySession(kysely, {
      settings: () => sqliteSettings(kysely),
      rowsPerInsert: 1000,
      atomically: (work) => kysely.transaction().execute(work),
    });
  },
};
