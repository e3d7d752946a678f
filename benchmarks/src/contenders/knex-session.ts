import type { Knex } from 'knex';
import type { Isolation, Session } from '../contender.ts';
import { type Item, SCAN_PATTERNS } from '../workload/item.ts';

/** The differences between the engines. */
export interface KnexEngine {
  readonly settings: Session['settings'];
  readonly rowsPerInsert: number;
  readonly atomically: (work: (tx: Knex) => Promise<unknown>, isolation: Isolation) => Promise<unknown>;
}

/** knex's query builder, for any client. */
export function knexSession(knex: Knex, engine: KnexEngine): Session {
  return {
    settings: engine.settings,
    get: (id) => knex<Item>('item').where({ id }).first(),
    list: (first, limit) => knex<Item>('item').where('id', '>=', first).orderBy('id').limit(limit),
    insert: (item) => knex<Item>('item').insert({ ...item }),
    insertMany: (items) => knex.batchInsert<Item>('item', [...items], engine.rowsPerInsert),
    update: (id, size) => knex<Item>('item').where({ id }).update({ size }),
    transaction: (item, id, isolation) =>
      engine.atomically(async (tx) => {
        await tx<Item>('item').insert({ ...item });
        await bump(tx, id);
      }, isolation),
    increment: (id) => engine.atomically((tx) => bump(tx, id), 'serializable'),
    scan: () =>
      knex<Item>('item')
        .count()
        .where((where) => {
          for (const pattern of SCAN_PATTERNS) where.orWhere('body', 'like', pattern);
        }),
    close: () => knex.destroy(),
  };
}

async function bump(tx: Knex, id: number): Promise<void> {
  const row = await tx<Item>('item').where({ id }).first();
  await tx<Item>('item')
    .where({ id })
    .update({ size: ((row?.size ?? 0) + 1) % 65_536 });
}
