import { asc, count, eq, gte, like, or, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { integer, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { Contender } from '../contender.ts';
import { SCAN_PATTERNS } from '../workload/item.ts';
import { openDatabase, settingsOf } from './better-sqlite3.ts';

const item = sqliteTable('item', {
  id: integer().primaryKey(),
  owner: integer().notNull(),
  title: text().notNull(),
  body: text().notNull(),
  size: integer().notNull(),
  score: real().notNull(),
});

const ROWS_PER_INSERT = 1000;

/** Drizzle on better-sqlite3, with prepared queries for statements of a fixed form, as its documentation recommends. */
export const drizzleSqlite: Contender = {
  engine: 'sqlite',
  packages: ['drizzle-orm', 'better-sqlite3'],
  open(target) {
    const client = openDatabase(target);
    const db = drizzle({ client });
    const id = sql.placeholder('id');
    const get = db.select().from(item).where(eq(item.id, id)).prepare();
    const list = db
      .select()
      .from(item)
      .where(gte(item.id, id))
      .orderBy(asc(item.id))
      .limit(sql.placeholder('limit'))
      .prepare();
    return {
      settings: () => settingsOf(client),
      get: async (key) => get.get({ id: key }),
      list: async (first, limit) => list.all({ id: first, limit }),
      insert: async (row) => db.insert(item).values(row),
      insertMany: (rows) =>
        db.transaction((tx) => {
          for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) {
            tx.insert(item)
              .values(rows.slice(at, at + ROWS_PER_INSERT))
              .run();
          }
        }),
      update: async (key, size) => db.update(item).set({ size }).where(eq(item.id, key)),
      transaction: (row, key) =>
        db.transaction(
          (tx) => {
            tx.insert(item).values(row).run();
            const size = tx.select().from(item).where(eq(item.id, key)).get()?.size ?? 0;
            tx.update(item)
              .set({ size: (size + 1) % 65_536 })
              .where(eq(item.id, key))
              .run();
          },
          { behavior: 'immediate' },
        ),
      scan: async () =>
        db
          .select({ rows: count() })
          .from(item)
          .where(or(...SCAN_PATTERNS.map((pattern) => like(item.body, pattern)))),
      close: () => client.close(),
    };
  },
};
