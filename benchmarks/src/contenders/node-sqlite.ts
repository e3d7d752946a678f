import { DatabaseSync } from 'node:sqlite';
import type { Contender } from '../contender.ts';
import { type Item, itemValues, SCAN_PATTERNS } from '../workload/item.ts';
import { GET, INSERT, LIST, SCAN, UPDATE } from '../workload/item-sql.ts';
import { BUSY_TIMEOUT_MS, pragmasOf, VERSION } from './better-sqlite3.ts';

/** The SQLite that is built into Node, with every statement prepared once. */
export const nodeSqlite: Contender = {
  engine: 'sqlite',
  packages: [],
  open(target) {
    const database = new DatabaseSync(target.location, { timeout: BUSY_TIMEOUT_MS });
    for (const pragma of pragmasOf(target)) database.exec(`pragma ${pragma}`);
    const get = database.prepare(GET);
    const list = database.prepare(LIST);
    const scan = database.prepare(SCAN);
    const insert = database.prepare(INSERT);
    const update = database.prepare(UPDATE);
    const atomically = (work: () => void): void => {
      database.exec('begin immediate');
      try {
        work();
        database.exec('commit');
      } catch (error) {
        if (database.isTransaction) database.exec('rollback');
        throw error;
      }
    };
    return {
      settings: () => ({
        sqlite: database.prepare(VERSION).get()?.version,
        synchronous: database.prepare('pragma synchronous').get()?.synchronous,
      }),
      get: (id) => get.get(id) as unknown as Item | undefined,
      list: (first, limit) => list.all(first, limit),
      insert: (item) => insert.run(...itemValues(item)),
      insertMany: (items) =>
        atomically(() => {
          for (const item of items) insert.run(...itemValues(item));
        }),
      update: (id, size) => update.run(size, id),
      batch: (item, first, second) =>
        atomically(() => {
          insert.run(...itemValues(item));
          update.run(1, first);
          update.run(2, second);
        }),
      transaction: (item, id) =>
        atomically(() => {
          insert.run(...itemValues(item));
          const row = get.get(id) as unknown as Item;
          update.run((row.size + 1) % 65_536, id);
        }),
      scan: () => scan.get(...SCAN_PATTERNS),
      close: () => database.close(),
    };
  },
};
