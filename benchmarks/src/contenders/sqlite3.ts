import sqlite3Module from 'sqlite3';
import type { Contender, Target } from '../contender.ts';
import { type Item, itemValues, SCAN_PATTERNS } from '../workload/item.ts';
import { GET, INSERT, LIST, SCAN, UPDATE } from '../workload/item-sql.ts';
import { BUSY_TIMEOUT_MS, pragmasOf, VERSION } from './better-sqlite3.ts';
import { createMutex } from './mutex.ts';

/** node-sqlite3: one connection, statements on libuv's thread pool, each prepared once. */
export const sqlite3: Contender = {
  engine: 'sqlite',
  packages: ['sqlite3'],
  async open(target) {
    const database = await connect(target);
    const statements = new Map<string, sqlite3Module.Statement>();
    const prepare = (sql: string): sqlite3Module.Statement => {
      const statement = statements.get(sql) ?? database.prepare(sql);
      statements.set(sql, statement);
      return statement;
    };
    const all = <T>(sql: string, ...values: unknown[]): Promise<T[]> =>
      called((done) => prepare(sql).all(values, done as (error: Error | null, rows: unknown[]) => void));
    const run = (sql: string, ...values: unknown[]): Promise<unknown> =>
      called((done) => prepare(sql).run(values, done));
    const control = (sql: string): Promise<unknown> => called((done) => database.exec(sql, done));
    const alone = createMutex();
    const atomically = (work: () => Promise<void>): Promise<void> =>
      alone(async () => {
        await control('begin immediate');
        try {
          await work();
          await control('commit');
        } catch (error) {
          await control('rollback').catch(() => {});
          throw error;
        }
      });
    return {
      settings: async () => ({
        sqlite: (await all<{ version: string }>(VERSION))[0]?.version,
        synchronous: (await all<{ synchronous: number }>('pragma synchronous'))[0]?.synchronous,
      }),
      get: async (id) => (await all<Item>(GET, id))[0],
      list: (first, limit) => all(LIST, first, limit),
      insert: (item) => run(INSERT, ...itemValues(item)),
      insertMany: (items) => atomically(() => runAll(items.map((item) => run(INSERT, ...itemValues(item))))),
      update: (id, size) => run(UPDATE, size, id),
      batch: (item, first, second) =>
        atomically(() =>
          runAll([run(INSERT, ...itemValues(item)), run(UPDATE, 1, first), run(UPDATE, 2, second)]),
        ),
      transaction: (item, id) =>
        atomically(async () => {
          await run(INSERT, ...itemValues(item));
          const [row] = await all<Item>(GET, id);
          await run(UPDATE, ((row?.size ?? 0) + 1) % 65_536, id);
        }),
      scan: () => all(SCAN, ...SCAN_PATTERNS),
      close: async () => {
        await Promise.all(
          [...statements.values()].map((statement) => called((done) => statement.finalize(done))),
        );
        await called((done) => database.close(done));
      },
    };
  },
};

async function connect(target: Target): Promise<sqlite3Module.Database> {
  const database = await new Promise<sqlite3Module.Database>((resolve, reject) => {
    const opened = new sqlite3Module.Database(target.location, (error) =>
      error ? reject(error) : resolve(opened),
    );
  });
  database.configure('busyTimeout', BUSY_TIMEOUT_MS);
  for (const pragma of pragmasOf(target)) await called((done) => database.exec(`pragma ${pragma}`, done));
  return database;
}

async function runAll(calls: Promise<unknown>[]): Promise<void> {
  await Promise.all(calls);
}

function called<T>(start: (done: (error?: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}
