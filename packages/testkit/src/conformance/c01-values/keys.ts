import type { Storage } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { GREATER, LESSER, SPECIMEN, SPECIMEN_TYPES } from '../../fixture/schema/specimen.js';
import { migrationsOf } from '../../fixture/schema/suite-migrations.js';

type Keyed = { keyed: { key: unknown; label: string } };

const KEY_COLUMNS = [
  'whole',
  'big',
  'exact',
  'price',
  'word',
  'moment',
  'day',
  'ident',
  'bytes',
  'floating',
] as const;

/** A primary key may have any comparable type. */
export function keyCases(fixture: Fixture): void {
  const open = async (type: (typeof KEY_COLUMNS)[number]): Promise<Storage<Keyed>> => {
    const storage = await fixture.apart<Keyed>({
      migrations: migrationsOf({
        '001_keyed': {
          up: (db) =>
            db.schema
              .createTable('keyed')
              .addColumn('key', SPECIMEN_TYPES[type], (column) => column.primaryKey().notNull())
              .addColumn('label', 'text', (column) => column.notNull())
              .execute(),
        },
      }),
    });
    await storage.migrator.up();
    return storage;
  };

  describe('keys', () => {
    for (const column of KEY_COLUMNS) {
      test(`C1 ${SPECIMEN_TYPES[column]} serves as a key of every call`, async () => {
        const storage = await open(column);
        const keyed = storage.repository('keyed', { key: 'key' });
        const [low, middle, high] = [LESSER[column], SPECIMEN[column], GREATER[column]];
        await keyed.insertMany([
          { key: high, label: 'high' },
          { key: low, label: 'low' },
          { key: middle, label: 'middle' },
        ]);
        expect(await keyed.get(middle)).toStrictEqual({ key: middle, label: 'middle' });
        expect((await keyed.getMany([high, low])).map((row) => row?.label)).toStrictEqual(['high', 'low']);
        expect(await keyed.has(low)).toBe(true);
        expect(await keyed.update(low, { label: 'lower' })).toStrictEqual({ key: low, label: 'lower' });
        expect(await keyed.upsert({ key: low, label: 'lowest' })).toStrictEqual({
          key: low,
          label: 'lowest',
        });
        const pages = [await keyed.page({ size: 2 })];
        pages.push(await keyed.page({ size: 2, cursor: pages[0]?.nextCursor }));
        expect(pages.flatMap(({ rows }) => rows.map(({ label }) => label))).toStrictEqual([
          'lowest',
          'middle',
          'high',
        ]);
        expect(await keyed.delete(middle)).toBe(true);
        await expect(keyed.insert({ key: high, label: 'twice' })).rejects.toMatchObject({
          code: 'unique_violation',
        });
      });
    }
  });
}
