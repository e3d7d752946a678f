import type { Storage } from '@sluice/core';
import type { ConformanceOpenOptions } from '../../fixture/conformance-target.js';
import type { ShopDatabase, ShopStorage } from './shop-database.js';
import { shopMigrations } from './shop-migrations.js';
import { SHOP_ROWS } from './shop-rows.js';

/** Opens a new database, and gives it the shop's tables and rows. */
export async function openShop(
  open: (options: ConformanceOpenOptions) => Promise<Storage<ShopDatabase>>,
): Promise<ShopStorage> {
  const storage = await open({ migrations: shopMigrations, camelCase: true });
  await storage.migrator.up();
  await storage.write(async (tx) => {
    for (const [table, rows] of Object.entries(SHOP_ROWS))
      await tx.kysely
        .insertInto(table as keyof ShopDatabase)
        .values([...rows] as never)
        .execute();
  });
  return storage;
}
