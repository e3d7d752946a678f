import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { migrationsOf } from '../../fixture/schema/suite-migrations.js';

/** The statements of the schema builder mean the same on every driver. */
export function schemaCases(fixture: Fixture): void {
  const migrate = async (up: Migration['up']) => {
    const storage = await fixture.apart<{ thing: Record<string, never> }>({
      migrations: migrationsOf({ '001': { up } }),
    });
    await storage.migrator.up();
    return storage;
  };

  describe('schema', () => {
    const refused = ['blob', 'datetime', 'timestamp', 'real', 'char(3)', 'time'] as const;
    for (const type of refused) {
      test(`C13 a column of type ${type}, which engines take differently, is refused`, async () => {
        const up = (db: Kysely<unknown>): Promise<void> =>
          db.schema.createTable('thing').addColumn('x', type).execute();
        const storage = await fixture.apart({ migrations: migrationsOf({ '001': { up } }) });
        const error = await expectRefusal(storage.migrator.up(), 'migration_failed');
        expect(error.cause).toMatchObject({ code: 'unsupported' });
      });
    }

    test('C13 serial, bigserial and identities number rows by themselves', async () => {
      for (const [type, isIdentity] of [
        ['serial', false],
        ['bigserial', false],
        ['bigint', true],
      ] as const) {
        const storage = await migrate((db) =>
          db.schema
            .createTable('thing')
            .addColumn('id', type, (column) =>
              isIdentity ? column.generatedByDefaultAsIdentity().primaryKey() : column.primaryKey(),
            )
            .addColumn('name', 'text')
            .execute(),
        );
        const things = storage.repository('thing', { key: 'id' as never });
        const [one, two] = [
          await things.insert({ name: 'a' } as never),
          await things.insert({ name: 'b' } as never),
        ];
        const ids = [one, two].map((row) => (row as { id: bigint | number }).id);
        expect(ids).toStrictEqual(type === 'serial' ? [1, 2] : [1n, 2n]);
      }
    });

    test('C13 defaults of every type are what is read', async () => {
      const storage = await migrate((db) =>
        db.schema
          .createTable('thing')
          .addColumn('id', 'integer', (column) => column.primaryKey())
          .addColumn('flag', 'boolean', (column) => column.notNull().defaultTo(true))
          .addColumn('big', 'bigint', (column) => column.notNull().defaultTo(5))
          .addColumn('floating', 'double precision', (column) => column.notNull().defaultTo(1.5))
          .addColumn('price', 'numeric(10, 2)', (column) => column.notNull().defaultTo(sql`'1.50'`))
          .addColumn('word', 'text', (column) => column.notNull().defaultTo("it's"))
          .addColumn('day', 'date', (column) => column.notNull().defaultTo('2024-02-29'))
          .addColumn('moment', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
          .execute(),
      );
      const row: unknown = await storage
        .repository('thing', { key: 'id' as never })
        .insert({ id: 1 } as never);
      expect(row).toStrictEqual({
        id: 1,
        flag: true,
        big: 5n,
        floating: 1.5,
        price: '1.50',
        word: "it's",
        day: '2024-02-29',
        moment: expect.any(Date),
      });
    });

    test('C13 a column that is added holds its type as strictly as one that was created', async () => {
      const storage = await migrate(async (db) => {
        await db.schema
          .createTable('thing')
          .addColumn('id', 'integer', (column) => column.primaryKey())
          .execute();
        await db.schema.alterTable('thing').addColumn('whole', 'integer').execute();
        await db.schema
          .alterTable('thing')
          .addColumn('price', 'numeric(10, 2)', (column) => column.notNull().defaultTo(sql`'0.00'`))
          .execute();
      });
      const { kysely } = storage;
      await kysely
        .insertInto('thing')
        .values({ id: 1, whole: 5 } as never)
        .execute();
      expect(await kysely.selectFrom('thing').selectAll().execute()).toStrictEqual([
        { id: 1, whole: 5, price: '0.00' },
      ]);
      const insert = sql`insert into thing (id, whole) values (2, 'abc')`.execute(kysely);
      await expect(insert).rejects.toThrow();
    });

    test('C13 a unique index refuses duplicates, and reports its columns', async () => {
      const storage = await migrate(async (db) => {
        await db.schema
          .createTable('thing')
          .addColumn('id', 'integer', (column) => column.primaryKey())
          .addColumn('name', 'text', (column) => column.notNull())
          .execute();
        await db.schema.createIndex('thing_name').on('thing').column('name').unique().execute();
      });
      const things = storage.repository('thing', { key: 'name' as never });
      await things.insert({ id: 1, name: 'a' } as never);
      const error = await expectRefusal(things.insert({ id: 2, name: 'a' } as never), 'unique_violation');
      expect(error).toMatchObject({ table: 'thing', columns: ['name'], constraint: 'thing_name' });
    });

    test('C13 names with capitals, spaces, quotes and keywords are kept as they are written', async () => {
      const names = ['order', 'User Name', 'CamelCase', 'with"quote', 'ümlaut', 'select'];
      const storage = await migrate(async (db) => {
        let table = db.schema
          .createTable('group')
          .addColumn('id', 'integer', (column) => column.primaryKey());
        for (const name of names) table = table.addColumn(name, 'text');
        await table.execute();
      });
      const row = { id: 1, ...Object.fromEntries(names.map((name) => [name, name])) };
      const groups = storage.repository('group' as 'thing', { key: 'id' as never });
      const inserted: unknown = await groups.insert(row as never);
      expect(inserted).toStrictEqual(row);
      const found: unknown = await groups.find({ where: { 'with"quote': 'with"quote' } as never });
      expect(found).toStrictEqual([row]);
    });
  });
}
