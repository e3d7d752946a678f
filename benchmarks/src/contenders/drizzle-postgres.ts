import { asc, count, eq, gte, like, or, sql } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { doublePrecision, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { Pool } from 'pg';
import type { Contender, Isolation } from '../contender.ts';
import { SCAN_PATTERNS } from '../workload/item.ts';
import { POOL_SIZE, postgresSettings } from './pg.ts';
import { Replays } from './replay.ts';

const item = pgTable('item', {
  id: integer().primaryKey(),
  owner: integer().notNull(),
  title: text().notNull(),
  body: text().notNull(),
  size: integer().notNull(),
  score: doublePrecision().notNull(),
});

type Transaction = Parameters<Parameters<NodePgDatabase['transaction']>[0]>[0];

const ROWS_PER_INSERT = 5000;

/** Drizzle on pg's pool, with prepared (named) queries for reads, as its documentation recommends. */
export const drizzlePostgres: Contender = {
  engine: 'postgres',
  packages: ['drizzle-orm', 'pg'],
  open({ location }) {
    const pool = new Pool({ connectionString: location, max: POOL_SIZE });
    const db = drizzle({ client: pool });
    const replays = new Replays();
    const id = sql.placeholder('id');
    const get = db.select().from(item).where(eq(item.id, id)).prepare('get');
    const list = db
      .select()
      .from(item)
      .where(gte(item.id, id))
      .orderBy(asc(item.id))
      .limit(sql.placeholder('limit'))
      .prepare('list');
    const atomically = (isolationLevel: Isolation, work: (tx: Transaction) => Promise<void>): Promise<void> =>
      replays.run(() => db.transaction(work, { isolationLevel }));
    return {
      settings: () => postgresSettings(async (query) => (await pool.query(query)).rows),
      get: async (key) => (await get.execute({ id: key }))[0],
      list: (first, limit) => list.execute({ id: first, limit }),
      insert: (row) => db.insert(item).values(row),
      insertMany: (rows) =>
        db.transaction(async (tx) => {
          for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) {
            await tx.insert(item).values(rows.slice(at, at + ROWS_PER_INSERT));
          }
        }),
      update: (key, size) => db.update(item).set({ size }).where(eq(item.id, key)),
      transaction: (row, key, isolation) =>
        atomically(isolation, async (tx) => {
          await tx.insert(item).values(row);
          await bump(tx, key);
        }),
      increment: (key) => atomically('serializable', (tx) => bump(tx, key)),
      scan: () =>
        db
          .select({ rows: count() })
          .from(item)
          .where(or(...SCAN_PATTERNS.map((pattern) => like(item.body, pattern)))),
      replays: () => replays.count,
      close: () => pool.end(),
    };
  },
};

async function bump(tx: Transaction, id: number): Promise<void> {
  const [row] = await tx.select().from(item).where(eq(item.id, id));
  await tx
    .update(item)
    .set({ size: ((row?.size ?? 0) + 1) % 65_536 })
    .where(eq(item.id, id));
}
