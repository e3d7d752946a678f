import Database from 'better-sqlite3';
import type { Contender, Session, Target } from '../contender.ts';
import { type Item, itemValues, SCAN_PATTERNS } from '../workload/item.ts';
import { GET, INSERT, LIST, SCAN, UPDATE } from '../workload/item-sql.ts';

/** The reference: better-sqlite3 as in its documentation, with every statement prepared once. */
export const betterSqlite3: Contender = {
  engine: 'sqlite',
  packages: ['better-sqlite3'],
  open(target: Target): Session {
    const database = openDatabase(target);
    const [get, list, scan] = [GET, LIST, SCAN].map((sql) => database.prepare(sql));
    const [insert, update] = [INSERT, UPDATE].map((sql) => database.prepare(sql));
    if (!get || !list || !scan || !insert || !update) throw new Error('not prepared');
    const insertMany = database.transaction((items: readonly Item[]) => {
      for (const item of items) insert.run(itemValues(item));
    });
    const batch = database.transaction((item: Item, first: number, second: number) => {
      insert.run(itemValues(item));
      update.run(1, first);
      update.run(2, second);
    });
    const transaction = database.transaction((item: Item, id: number) => {
      insert.run(itemValues(item));
      const row = get.get(id) as Item;
      update.run((row.size + 1) % 65_536, id);
    });
    return {
      settings: () => settingsOf(database),
      get: (id) => get.get(id) as Item | undefined,
      list: (first, limit) => list.all(first, limit),
      insert: (item) => insert.run(itemValues(item)),
      insertMany: (items) => insertMany.immediate(items),
      update: (id, size) => update.run(size, id),
      batch: (item, first, second) => batch.immediate(item, first, second),
      transaction: (item, id) => transaction.immediate(item, id),
      scan: () => scan.get(...SCAN_PATTERNS),
      close: () => database.close(),
    };
  },
};

/** Opens a connection with the settings that all contenders share. */
export function openDatabase({ location, journal, durability }: Target): Database.Database {
  const database = new Database(location, { timeout: BUSY_TIMEOUT_MS });
  for (const pragma of pragmasOf({ journal, durability })) database.pragma(pragma);
  return database;
}

/** Busy timeout of contenders that wait for the file's lock in SQLite itself. */
export const BUSY_TIMEOUT_MS = 5_000;

/** The pragmas of every SQLite connection that writes. */
export function pragmasOf({ journal, durability }: Pick<Target, 'durability' | 'journal'>): string[] {
  return [`journal_mode = ${journal}`, `synchronous = ${durability}`];
}

export const VERSION = 'select sqlite_version() as version';

/** Reads the settings of a better-sqlite3 connection. */
export function settingsOf(database: Database.Database): Record<string, unknown> {
  return {
    sqlite: database.prepare(VERSION).pluck().get(),
    journal: database.pragma('journal_mode', { simple: true }),
    synchronous: database.pragma('synchronous', { simple: true }),
  };
}
