import { Worker } from 'node:worker_threads';
import { Kysely } from 'kysely';
import { GenericSqliteWorkerDialect } from 'kysely-generic-sqlite/worker';
import { createNodeWorkerExecutor } from 'kysely-generic-sqlite/worker-helper-node';
import type { Contender } from '../contender.ts';
import { type BenchmarkTables, kyselySession, sqliteSettings } from './kysely-session.ts';

/** Kysely with a dialect that runs better-sqlite3 in one worker thread (kysely-generic-sqlite). */
export const kyselyWorker: Contender = {
  engine: 'sqlite',
  packages: ['kysely', 'kysely-generic-sqlite', 'better-sqlite3'],
  open(target) {
    const worker = new Worker(new URL('./kysely-worker-thread.ts', import.meta.url), { execArgv: [] });
    const dialect = new GenericSqliteWorkerDialect(createNodeWorkerExecutor({ worker, data: { ...target } }));
    const kysely = new Kysely<BenchmarkTables>({ dialect });
    return kyselySession(kysely, {
      settings: () => sqliteSettings(kysely),
      rowsPerInsert: 1000,
      atomically: (work) => kysely.transaction().execute(work),
    });
  },
};
