import { openStorage, UnsupportedError } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { rejection } from '@sluice/testkit/driver-tests';
import type { Kysely } from 'kysely';
import { expect, test } from 'vitest';

interface Database {
  readonly pet: { readonly id: number; readonly name: string; readonly tags: string };
}

const QUERIES: Readonly<Record<string, (db: Kysely<Database>) => { execute(): Promise<unknown> }>> = {
  'DISTINCT ON': (db) => db.selectFrom('pet').distinctOn('name').selectAll(),
  'DELETE … USING': (db) => db.deleteFrom('pet').using('pet as other').whereRef('other.id', '=', 'pet.id'),
  FETCH: (db) => db.selectFrom('pet').selectAll().fetch(1),
  'INTERSECT ALL': (db) => db.selectFrom('pet').select('id').intersectAll(db.selectFrom('pet').select('id')),
  LATERAL: (db) =>
    db
      .selectFrom('pet')
      .innerJoinLateral(
        (eb) => eb.selectFrom('pet as other').select('other.name as last').limit(1).as('l'),
        (join) => join.onTrue(),
      )
      .select('l.last'),
  MERGE: (db) => db.mergeInto('pet').using('pet as other', 'other.id', 'pet.id').whenMatched().thenDelete(),
  'operator @>': (db) => db.selectFrom('pet').selectAll().where('tags', '@>', '[]'),
};

test('what only PostgreSQL knows is refused by its name, before anything runs', async () => {
  await using storage = await openStorage<Database>({ url: 'sqlite::memory:', drivers: [sqlite()] });
  const { kysely } = storage;
  await kysely.schema
    .createTable('pet')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'text')
    .addColumn('tags', 'jsonb')
    .execute();
  await storage.repository('pet', { key: 'id' }).insert({ id: 1, name: 'Rex', tags: '[]' });
  for (const [clause, query] of Object.entries(QUERIES)) {
    const error = await rejection(query(kysely).execute());
    expect(error, clause).toBeInstanceOf(UnsupportedError);
    expect((error as Error).message).toContain(`SQLite has no ${clause}. `);
  }
  expect(await storage.repository('pet', { key: 'id' }).count()).toBe(1);
});
