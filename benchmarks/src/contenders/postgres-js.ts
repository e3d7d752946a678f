import postgres from 'postgres';
import type { Contender, Isolation } from '../contender.ts';
import { type Item, SCAN_PATTERNS } from '../workload/item.ts';
import { numbered, SCAN } from '../workload/item-sql.ts';
import { POOL_SIZE, postgresSettings } from './pg.ts';
import { Replays } from './replay.ts';

const ROWS_PER_INSERT = 5000;

/** postgres.js, which prepares and pipelines statements itself. */
export const postgresJs: Contender = {
  engine: 'postgres',
  packages: ['postgres'],
  open({ location }) {
    const sql = postgres(location, { max: POOL_SIZE, onnotice: () => {} });
    const replays = new Replays();
    const atomically = (
      isolation: Isolation,
      work: (tx: postgres.TransactionSql) => Promise<void>,
    ): Promise<unknown> => replays.run(() => sql.begin(`isolation level ${isolation}`, work));
    const insert = (on: postgres.ISql, items: readonly Item[]): PromiseLike<unknown> =>
      on`insert into item ${on(items as Item[])}`;
    const bump = async (tx: postgres.TransactionSql, id: number): Promise<void> => {
      const [row] = await tx<Item[]>`select * from item where id = ${id}`;
      await tx`update item set size = ${((row?.size ?? 0) + 1) % 65_536} where id = ${id}`;
    };
    return {
      settings: () => postgresSettings((text) => sql.unsafe(text)),
      get: async (id) => (await sql<Item[]>`select * from item where id = ${id}`)[0],
      list: (first, limit) => sql`select * from item where id >= ${first} order by id limit ${limit}`,
      insert: (item) => insert(sql, [item]),
      insertMany: (items) =>
        sql.begin(async (tx) => {
          for (let at = 0; at < items.length; at += ROWS_PER_INSERT)
            await insert(tx, items.slice(at, at + ROWS_PER_INSERT));
        }),
      update: (id, size) => sql`update item set size = ${size} where id = ${id}`,
      transaction: (item, id, isolation) =>
        atomically(isolation, async (tx) => {
          await insert(tx, [item]);
          await bump(tx, id);
        }),
      increment: (id) => atomically('serializable', (tx) => bump(tx, id)),
      stream: async () => {
        let count = 0;
        for await (const rows of sql`select * from item`.cursor(100)) count += rows.length;
        return count;
      },
      scan: () => sql.unsafe(numbered(SCAN), [...SCAN_PATTERNS]),
      replays: () => replays.count,
      close: () => sql.end(),
    };
  },
};
