import { openStorage, type Storage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

describe('who holds the writer', () => {
  let storage: Storage<{ item: { id: number } }>;
  let letGo: () => void;
  let holding: Promise<unknown>;

  beforeEach(async () => {
    storage = await openStorage({
      url: 'sqlite::memory:',
      drivers: [sqlite({ holdLimitMs: 300 })],
      migrations: {
        getMigrations: async () => ({
          '001_item': {
            up: (kysely) =>
              kysely.schema
                .createTable('item')
                .addColumn('id', 'integer', (column) => column.primaryKey())
                .execute(),
          },
        }),
      },
    });
    await storage.migrator.up();
    const held = Promise.withResolvers<void>();
    letGo = held.resolve;
    const begun = Promise.withResolvers<void>();
    holding = storage.write(
      async (tx) => {
        await tx.repository('item', { key: 'id' }).insert({ id: 1 });
        begun.resolve();
        await held.promise;
        await tx.repository('item', { key: 'id' }).insert({ id: 2 });
      },
      { label: 'nightly import' },
    );
    holding.catch(() => {});
    await begun.promise;
  });

  afterEach(async () => {
    letGo();
    await Promise.allSettled([holding]);
    await storage.close();
  });

  const items = () => storage.repository('item', { key: 'id' });

  test('C14 metrics name it, how long it has, and from where it was asked for', async () => {
    expect(storage.metrics().database.writer.holder).toMatchObject({
      label: 'nightly import',
      heldMs: expect.any(Number),
      stack: expect.stringContaining('sqlite-writer-holder.test.ts'),
    });
    letGo();
    await holding;
    expect(storage.metrics().database.writer).not.toHaveProperty('holder');
  });

  test('C6 who waits in vain is told for whom', async () => {
    const error = await items()
      .insert({ id: 3 }, { timeoutMs: 50 })
      .catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'timeout', message: expect.stringContaining('"nightly import"') });
    expect((error as Error).cause).toMatchObject({
      stack: expect.stringContaining('sqlite-writer-holder.test.ts'),
    });
  });

  test('C6 it is undone past the limit while others wait, and told so', async () => {
    await items().insert({ id: 3 });
    letGo();
    await expect(holding).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('"nightly import"'),
    });
    expect(await items().find()).toStrictEqual([{ id: 3 }]);
  });

  test('C6 it may go on past the limit while nobody waits', async () => {
    await new Promise((resolve) => setTimeout(resolve, 700));
    letGo();
    await holding;
    expect(await items().count()).toBe(2);
  });
});
