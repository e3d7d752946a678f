import type Database from 'better-sqlite3';
import knexModule from 'knex';
import type { Contender } from '../contender.ts';
import { BUSY_TIMEOUT_MS, pragmasOf, settingsOf } from './better-sqlite3.ts';
import { knexSession } from './knex-session.ts';

/** knex with its better-sqlite3 client: a pool of one connection. */
export const knexSqlite: Contender = {
  engine: 'sqlite',
  packages: ['knex', 'better-sqlite3'],
  open(target) {
    let settings: Record<string, unknown> = {};
    const knex = knexModule({
      client: 'better-sqlite3',
      connection: { filename: target.location },
      useNullAsDefault: true,
      pool: {
        afterCreate: (connection: Database.Database, done: (error: unknown, connection: unknown) => void) => {
          for (const pragma of [...pragmasOf(target), `busy_timeout = ${BUSY_TIMEOUT_MS}`])
            connection.pragma(pragma);
          settings = settingsOf(connection);
          done(null, connection);
        },
      },
    });
    return knexSession(knex, {
      settings: async () => {
        await knex.raw('select 1');
        return settings;
      },
      // The SQLite client writes a UNION ALL for each row, and SQLite allows 500 of them.
      rowsPerInsert: 100,
      atomically: (work) => knex.transaction(work),
    });
  },
};
