import { SluiceError } from '@sluice/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, closeInTime } from '../../fixture/fixture.js';
import { CATALOGUE } from './catalogue.js';
import type { CatalogueQuery, CatalogueRefusal } from './catalogue-query.js';
import { openShop } from './open-shop.js';
import type { Shop, ShopStorage } from './shop-database.js';

/** C2: the queries of ordinary applications have the same rows on every driver. All ask in one database, which no case changes. */
export function catalogueSuite(target: ConformanceTarget): void {
  describe('C2 catalogue of queries', { timeout: CASE_TIMEOUT_MS }, () => {
    const name = `suite_${process.pid}_catalogue`;
    let shop: ShopStorage | undefined;
    beforeAll(async () => {
      shop = await openShop((options) => target.open(name, options));
    }, CASE_TIMEOUT_MS);
    afterAll(async () => {
      if (shop !== undefined) await closeInTime(shop);
      await target.drop?.(name);
    }, CASE_TIMEOUT_MS);
    const opened = (): ShopStorage => {
      if (shop === undefined) throw new Error('The shop could not be opened.');
      return shop;
    };

    for (const [theme, queries] of Object.entries(CATALOGUE))
      describe(theme, () => {
        for (const each of queries)
          test(`C2 ${each.title}`, () =>
            'refused' in each ? expectRowsOrRefusal(opened(), each) : expectRows(opened(), each));
      });
  });
}

async function expectRows(storage: ShopStorage, query: CatalogueQuery): Promise<void> {
  const { after, build, rows } = query;
  const check = async (db: Shop): Promise<void> => {
    const found = await build(db).execute();
    // RETURNING has no order.
    if (query.writes) expect(sorted(found)).toStrictEqual(sorted(rows));
    else expect(found).toStrictEqual(rows);
    if (after !== undefined) expect(await after.build(db).execute()).toStrictEqual(after.rows);
  };
  if (query.writes) await undone(storage, check);
  else await check(storage.kysely);
}

/** A driver whose engine gives PostgreSQL's answer by itself runs the query. */
async function expectRowsOrRefusal(
  storage: ShopStorage,
  { build, refused }: CatalogueRefusal,
): Promise<void> {
  try {
    await undone(storage, (db) => build(db).execute());
  } catch (error) {
    expect(error).toBeInstanceOf(SluiceError);
    expect((error as SluiceError).code).toBe(refused);
  }
}

function sorted(rows: readonly unknown[]): readonly unknown[] {
  const keyOf = (row: unknown): string =>
    JSON.stringify(row, (_, member) => (typeof member === 'bigint' ? String(member) : member));
  return rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

const UNDO = new Error('undo');

/** Runs `check` in a transaction that is rolled back. */
async function undone(storage: ShopStorage, check: (db: Shop) => Promise<unknown>): Promise<void> {
  const undo = storage.write(async (tx) => {
    await check(tx.kysely);
    throw UNDO;
  });
  await undo.catch((error: unknown) => {
    if (error !== UNDO) throw error;
  });
}
