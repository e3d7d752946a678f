import type { Storage } from '@sluice/core';
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { migrationsOf } from '../../fixture/schema/suite-migrations.js';

interface RoomDatabase {
  house: { id: number; name: string };
  room: { id: number; house_id: number | null; floor: number | null; label: string | null };
}

type Change = (db: Kysely<unknown>) => Promise<unknown>;

/** Creates constraints without explicit names; they get PostgreSQL's names. */
const CREATE: Migration = {
  up: async (db: Kysely<RoomDatabase>) => {
    await db.schema
      .createTable('house')
      .addColumn('id', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull().unique())
      .execute();
    await db.schema
      .createTable('room')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('house_id', 'integer')
      .addColumn('floor', 'integer', (column) => column.check(sql`floor < 100`))
      .addColumn('label', 'text', (column) => column.unique())
      .execute();
    await db.insertInto('house').values({ id: 1, name: 'a' }).execute();
    const room = { id: 1, house_id: 1, floor: 1, label: 'x' };
    await db
      .insertInto('room')
      .values([room, { ...room, id: 2, label: 'y' }])
      .execute();
  },
};

const house = (db: Kysely<unknown>) => db.schema.alterTable('house');
const room = (db: Kysely<unknown>) => db.schema.alterTable('room');

async function addKeys(db: Kysely<unknown>): Promise<void> {
  await house(db).addPrimaryKeyConstraint('house_key', ['id']).execute();
  await room(db)
    .addForeignKeyConstraint('room_house', ['house_id'], 'house', ['id'])
    .onDelete('cascade')
    .execute();
}

/** The same calls add, rename and drop keys and constraints on every driver. A failed migration changes nothing. */
export function alterConstraintsCases(fixture: Fixture): void {
  const open = async (...changes: readonly Change[]): Promise<Storage<RoomDatabase>> => {
    const steps = changes.map((up, index): [string, Migration] => [
      `002_change_${index}`,
      { up: async (db: Kysely<unknown>) => void (await up(db)) },
    ]);
    const migrations = migrationsOf({ '001_create': CREATE, ...Object.fromEntries(steps) });
    return fixture.apart<RoomDatabase>({ migrations });
  };
  const changed = async (...changes: readonly Change[]): Promise<Storage<RoomDatabase>> => {
    const storage = await open(...changes);
    await storage.migrator.up();
    return storage;
  };
  const rooms = (storage: Storage<RoomDatabase>) => storage.repository('room', { key: 'id' });
  const NEW = { id: 3, house_id: 1, floor: 2, label: 'z' };

  describe('altering constraints', () => {
    test('C13 a primary key and a foreign key are added to tables with rows', async () => {
      const storage = await changed(addKeys);
      const again = storage.repository('house', { key: 'id' }).insert({ id: 1, name: 'b' });
      expect(await expectRefusal(again, 'unique_violation')).toMatchObject({ constraint: 'house_key' });
      const orphan = rooms(storage).insert({ ...NEW, house_id: 9 });
      expect(await expectRefusal(orphan, 'foreign_key_violation')).toMatchObject({
        table: 'room',
        columns: ['house_id'],
        constraint: 'room_house',
      });
      await storage.repository('house', { key: 'id' }).delete(1);
      expect(await rooms(storage).count()).toBe(0);
    });

    test('C13 a table that others refer to is altered without touching their rows', async () => {
      const storage = await changed(addKeys, (db) =>
        house(db)
          .alterColumn('name', (column) => column.setDataType('varchar(20)'))
          .execute(),
      );
      expect(await rooms(storage).count()).toBe(2);
      await expectRefusal(rooms(storage).insert({ ...NEW, house_id: 9 }), 'foreign_key_violation');
    });

    test('C13 rows that a new foreign key does not hold for make the migration fail', async () => {
      const storage = await open(addKeys);
      await storage.migrator.to('001_create');
      await rooms(storage).insert({ ...NEW, house_id: 9 });
      const error = await expectRefusal(storage.migrator.up(), 'migration_failed');
      expect(error.cause).toMatchObject({ code: 'foreign_key_violation', table: 'room' });
      expect(await rooms(storage).count()).toBe(3);
      await storage.repository('house', { key: 'name' }).insert({ id: 1, name: 'b' });
    });

    test('C13 rows that a new unique constraint does not hold for make the migration fail', async () => {
      const storage = await open((db) => room(db).addUniqueConstraint('room_floor', ['floor']).execute());
      const error = await expectRefusal(storage.migrator.up(), 'migration_failed');
      expect(error.cause).toMatchObject({ code: 'unique_violation', table: 'room' });
      await rooms(storage).insert({ ...NEW, floor: 1 });
    });

    test('C13 a constraint is renamed, and dropped by the name PostgreSQL gave it', async () => {
      const storage = await changed(
        (db) => room(db).renameConstraint('room_label_key', 'room_label').execute(),
        (db) => room(db).dropConstraint('room_floor_check').execute(),
      );
      await rooms(storage).insert({ ...NEW, floor: 1000 });
      const twice = rooms(storage).insert({ ...NEW, id: 4 });
      expect(await expectRefusal(twice, 'unique_violation')).toMatchObject({ constraint: 'room_label' });
    });

    test('C13 a constraint that is not there is refused, unless it need not be', async () => {
      const drop = (db: Kysely<unknown>) => room(db).dropConstraint('nothing');
      const failing = changed((db) => drop(db).execute());
      await expectRefusal(failing, 'migration_failed');
      const storage = await changed((db) => drop(db).ifExists().execute());
      expect(await rooms(storage).count()).toBe(2);
    });

    test('C13 a column is dropped with the constraints and indexes that involve it', async () => {
      const storage = await changed(
        (db) => db.schema.createIndex('room_place').on('room').columns(['floor', 'label']).execute(),
        (db) => room(db).addUniqueConstraint('room_both', ['house_id', 'label']).execute(),
        (db) => room(db).dropColumn('label').execute(),
        (db) => db.schema.createIndex('room_place').on('room').column('floor').execute(),
      );
      const { label: _, ...unlabelled } = NEW;
      await rooms(storage).insert(unlabelled as never);
      expect(await rooms(storage).getOrThrow(3)).toStrictEqual(unlabelled);
    });

    test('C13 several alterations of one statement are made together', async () => {
      const storage = await changed((db) =>
        room(db)
          .addColumn('width', 'numeric(5, 2)', (column) => column.notNull().defaultTo('1.00'))
          .addColumn('seen_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
          .alterColumn('floor', (column) => column.setDataType('bigint'))
          .alterColumn('label', (column) => column.setNotNull())
          .dropColumn('house_id')
          .execute(),
      );
      const row = (await rooms(storage).getOrThrow(1)) as unknown as Record<string, unknown>;
      expect(row).toStrictEqual({ id: 1, floor: 1n, label: 'x', width: '1.00', seen_at: expect.any(Date) });
      await expectRefusal(
        rooms(storage).insert({ id: 5, floor: 1n, label: null } as never),
        'not_null_violation',
      );
    });

    test('C13 a failure after alterations leaves schema and rows as they were', async () => {
      const storage = await open(async (db) => {
        await addKeys(db);
        await room(db)
          .alterColumn('floor', (column) => column.setDataType('bigint'))
          .execute();
        await room(db).dropColumn('label').execute();
        await room(db)
          .alterColumn('id', (column) => column.dropNotNull())
          .execute();
      });
      await expectRefusal(storage.migrator.up(), 'migration_failed');
      expect(await rooms(storage).find({ orderBy: { id: 'asc' } })).toStrictEqual([
        { id: 1, house_id: 1, floor: 1, label: 'x' },
        { id: 2, house_id: 1, floor: 1, label: 'y' },
      ]);
      await rooms(storage).insert({ ...NEW, house_id: 404 });
    });

    test('C13 what a view, or a foreign key, needs is not taken away', async () => {
      const viewed = changed(
        (db) => sql`create view labels as select label from room`.execute(db),
        (db) => room(db).dropColumn('label').execute(),
      );
      await expectRefusal(viewed, 'migration_failed');
      const referred = changed(addKeys, (db) => house(db).dropConstraint('house_key').execute());
      await expectRefusal(referred, 'migration_failed');
    });
  });
}
