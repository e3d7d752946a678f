import { type Kysely, sql, type Transaction } from 'kysely';
import type { Session } from '../contender.ts';
import { type Item, SCAN_PATTERNS } from '../workload/item.ts';

export interface BenchmarkTables {
  readonly item: Item;
}

/** The differences between the engines. */
export interface KyselyEngine {
  readonly settings: Session['settings'];
  /** Rows of one multi-row INSERT: as many as the engine's parameter limit allows, or fewer if that is faster. */
  readonly rowsPerInsert: number;
  /** Runs `work` in a transaction of this isolation level, and replays it after a conflict. */
  readonly atomically: (
    work: (tx: Transaction<BenchmarkTables>) => Promise<unknown>,
    isolation: 'read committed' | 'serializable',
  ) => Promise<unknown>;
}

/** Kysely's query builder, for any dialect. */
export function kyselySession(kysely: Kysely<BenchmarkTables>, engine: KyselyEngine): Session {
  return {
    settings: engine.settings,
    get: (id) => kysely.selectFrom('item').selectAll().where('id', '=', id).executeTakeFirst(),
    list: (first, limit) =>
      kysely.selectFrom('item').selectAll().where('id', '>=', first).orderBy('id').limit(limit).execute(),
    insert: (item) => kysely.insertInto('item').values(item).execute(),
    insertMany: (items) =>
      engine.atomically(async (tx) => {
        for (let at = 0; at < items.length; at += engine.rowsPerInsert) {
          await tx
            .insertInto('item')
            .values(items.slice(at, at + engine.rowsPerInsert))
            .execute();
        }
      }, 'read committed'),
    update: (id, size) => kysely.updateTable('item').set({ size }).where('id', '=', id).execute(),
    transaction: (item, id, isolation) =>
      engine.atomically(async (tx) => {
        await tx.insertInto('item').values(item).execute();
        await bump(tx, id);
      }, isolation),
    increment: (id) => engine.atomically((tx) => bump(tx, id), 'serializable'),
    scan: () =>
      kysely
        .selectFrom('item')
        .select((eb) => eb.fn.countAll().as('rows_found'))
        .where((eb) => eb.or(SCAN_PATTERNS.map((pattern) => eb('body', 'like', pattern))))
        .execute(),
    close: () => kysely.destroy(),
  };
}

async function bump(tx: Transaction<BenchmarkTables>, id: number): Promise<void> {
  const row = await tx.selectFrom('item').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  await tx
    .updateTable('item')
    .set({ size: (row.size + 1) % 65_536 })
    .where('id', '=', id)
    .execute();
}

/** Reads the settings of the SQLite connection. */
export async function sqliteSettings(kysely: Kysely<BenchmarkTables>): Promise<Record<string, unknown>> {
  const version = await sql<{ version: string }>`select sqlite_version() as version`.execute(kysely);
  const synchronous = await sql<{ synchronous: number }>`pragma synchronous`.execute(kysely);
  return { sqlite: version.rows[0]?.version, synchronous: synchronous.rows[0]?.synchronous };
}
