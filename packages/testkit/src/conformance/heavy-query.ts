import type { Kysely, SelectQueryBuilder } from 'kysely';
import type { SuiteDatabase, SuiteStorage } from './schema/suite-database.js';

type Combination = {
  a: SuiteDatabase['note'];
  b: SuiteDatabase['note'];
  c: SuiteDatabase['note'];
  d: SuiteDatabase['note'];
};

/** Stores the rows whose combinations {@link heavyQuery} counts. */
export async function storeHeavyRows(storage: SuiteStorage): Promise<void> {
  const rows = Array.from({ length: HEAVY_ROWS }, (_, id) => ({ id, body: null, rank: id, pinned: null }));
  await storage.repository('note', { key: 'id' }).insertMany(rows);
}

/** A query that finds nothing among millions of combinations or more. */
export type SlowQuery = SelectQueryBuilder<SuiteDatabase & Combination, keyof Combination, { id: number }>;

/** Tries some eight billion combinations: it runs for minutes unless it is interrupted. */
export function heavyQuery(kysely: Kysely<SuiteDatabase>): SlowQuery {
  return kysely
    .selectFrom(['note as a', 'note as b', 'note as c', 'note as d'])
    .select('a.id')
    .where((eb) =>
      eb(eb(eb('a.rank', '+', eb.ref('b.rank')), '+', eb('c.rank', '+', eb.ref('d.rank'))), '=', -1),
    );
}

/** Tries some millions of combinations: it takes a noticeable moment, and ends. */
export function longQuery(kysely: Kysely<SuiteDatabase>): SlowQuery {
  return heavyQuery(kysely).where('a.rank', '<', 50).where('d.rank', '<', 3);
}

const HEAVY_ROWS = 300;
