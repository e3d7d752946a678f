import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool } from 'pg';
import Cursor from 'pg-cursor';
import type { Contender } from '../contender.ts';
import { type BenchmarkTables, kyselySession } from './kysely-session.ts';
import { POOL_SIZE, postgresSettings } from './pg.ts';
import { Replays } from './replay.ts';

/** Kysely with its own PostgreSQL dialect. */
export const kyselyPostgres: Contender = {
  engine: 'postgres',
  packages: ['kysely', 'pg'],
  open({ location }) {
    const pool = new Pool({ connectionString: location, max: POOL_SIZE });
    const kysely = new Kysely<BenchmarkTables>({ dialect: new PostgresDialect({ pool, cursor: Cursor }) });
    const replays = new Replays();
    const session = kyselySession(kysely, {
      settings: () => postgresSettings(async (text) => (await sql.raw(text).execute(kysely)).rows),
      rowsPerInsert: 5000,
      atomically: (work, isolation) =>
        replays.run(() => kysely.transaction().setIsolationLevel(isolation).execute(work)),
    });
    return {
      ...session,
      stream: async () => {
        let count = 0;
        for await (const _ of kysely.selectFrom('item').selectAll().stream(100)) count += 1;
        return count;
      },
      replays: () => replays.count,
    };
  },
};
