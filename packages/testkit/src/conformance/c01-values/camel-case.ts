import type { Storage } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import type { Json } from '../../fixture/schema/specimen.js';
import { suiteMigrations } from '../../fixture/schema/suite-migrations.js';

/** The suite's tables with the names that an application with `camelCase: true` uses. */
interface CamelDatabase {
  stay: { id: number; guestName: string; checkedInAt: Date | null; room2Key: string | null };
  deferredLink: { id: number; bookId: number };
  specimen: { id: number; doc: Json | null };
}

const STAY = { id: 1, guestName: 'Ada', checkedInAt: new Date(5), room2Key: 'k' };

/** `camelCase` changes the names of columns and tables, and nothing else. */
export function camelCaseCases(fixture: Fixture): void {
  const open = async (): Promise<Storage<CamelDatabase>> => {
    const storage = await fixture.apart<CamelDatabase>({ migrations: suiteMigrations, camelCase: true });
    await storage.migrator.up();
    return storage;
  };

  describe('camelCase', () => {
    test('C1 camelCase names are those of every repository call', async () => {
      const storage = await open();
      const stays = storage.repository('stay', { key: 'id' });
      expect(await stays.insert(STAY)).toStrictEqual(STAY);
      await stays.insertMany([{ ...STAY, id: 2, guestName: 'Bob' }]);
      await stays.upsert({ ...STAY, id: 2, guestName: 'Cy' }, { update: ['guestName'] });
      expect(await stays.update(2, { checkedInAt: null })).toMatchObject({
        guestName: 'Cy',
        checkedInAt: null,
      });
      const query = { where: { guestName: { startsWith: 'A' } }, orderBy: { checkedInAt: 'desc' } } as const;
      expect(await stays.find(query)).toStrictEqual([STAY]);
      expect((await stays.page({ orderBy: { guestName: 'asc' }, size: 1 })).rows).toStrictEqual([STAY]);
      expect(await stays.getMany([1])).toStrictEqual([STAY]);
      expect(await collect(stays.stream({ where: { room2Key: 'k' }, orderBy: { id: 'asc' } }))).toHaveLength(
        2,
      );
    });

    test('C1 camelCase names are those of plain queries and transactions', async () => {
      const storage = await open();
      await storage.kysely.insertInto('stay').values(STAY).execute();
      expect(await storage.kysely.selectFrom('stay').selectAll().execute()).toStrictEqual([STAY]);
      expect(await collect(storage.kysely.selectFrom('stay').select('guestName').stream())).toStrictEqual([
        { guestName: 'Ada' },
      ]);
      const inside = await storage.write((tx) =>
        tx.kysely.selectFrom('stay').select('checkedInAt').execute(),
      );
      expect(inside).toStrictEqual([{ checkedInAt: STAY.checkedInAt }]);
      const callback = storage
        .repository('stay', { key: 'id' })
        .find({ where: (eb) => eb('guestName', '=', 'Ada') });
      expect(await callback).toStrictEqual([STAY]);
    });

    test('C1 camelCase names tables too', async () => {
      const storage = await open();
      expect(await storage.repository('deferredLink', { key: 'id' }).find()).toStrictEqual([]);
      await expectRefusal(storage.repository('nobodyHere' as 'stay', { key: 'id' }).find(), 'unknown_table');
    });

    test('C11 camelCase names are those of every error', async () => {
      const storage = await open();
      const stays = storage.repository('stay', { key: 'id' });
      const nameless = { ...STAY, guestName: null as never };
      const violated = { code: 'not_null_violation', table: 'stay', columns: ['guestName'] };
      const calls: readonly (() => Promise<unknown>)[] = [
        () => stays.insert(nameless),
        () => stays.insertMany([STAY, nameless]),
        () => stays.updateMany({ where: {} }, nameless),
        () => storage.kysely.insertInto('stay').values(nameless).execute(),
        () => storage.write((tx) => tx.repository('stay', { key: 'id' }).insert(nameless)),
        () => storage.write((tx) => tx.kysely.insertInto('stay').values(nameless).execute()),
        () => storage.batch([storage.kysely.insertInto('stay').values(nameless)]),
      ];
      await storage.repository('stay', { key: 'id' }).insert({ ...STAY, id: 9 });
      for (const call of calls) {
        const error: unknown = await call().catch((thrown: unknown) => thrown);
        expect(error).toMatchObject(violated);
        expect((error as Error).message).toMatch(/^[^_]*guestName[^_]*$/);
      }
      const dangling = storage.write((tx) =>
        tx.repository('deferredLink', { key: 'id' }).insert({ id: 1, bookId: 7 }),
      );
      await expect(dangling).rejects.toMatchObject({
        code: 'foreign_key_violation',
        table: 'deferredLink',
      });
      const missing = storage.repository('nobodyHere' as 'stay', { key: 'id' });
      await expect(missing.find()).rejects.toThrow('There is no table "nobodyHere"');
    });

    test('C1 camelCase leaves the keys of JSON alone', async () => {
      const storage = await open();
      const doc = { snake_case: 1, camelCase: [{ inner_key: 2 }] };
      const specimens = storage.repository('specimen', { key: 'id' });
      expect(await specimens.insert({ id: 1, doc })).toMatchObject({ doc });
      expect(await storage.kysely.selectFrom('specimen').select('doc').execute()).toStrictEqual([{ doc }]);
    });

    test('C1 camelCase refuses the names of the database', async () => {
      const storage = await open();
      const stays = storage.repository('stay', { key: 'id' });
      await expectRefusal(stays.find({ where: { guest_name: 'Ada' } as never }), 'unknown_column');
      await expectRefusal(stays.insert({ ...STAY, guest_name: 'x' } as never), 'unknown_column');
    });
  });
}
