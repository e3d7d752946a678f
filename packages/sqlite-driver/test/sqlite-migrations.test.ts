import { readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openStorage, type Storage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { temporarySqlitePath } from '@sluice/testkit';
import { rejection, testJointMigration } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import type { MigrationProvider } from 'kysely/migration';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './opened-database.js';
import { startChild } from './processes/child.js';

interface DB {
  book: { id: number; title: string };
}

const createBook: Awaited<ReturnType<MigrationProvider['getMigrations']>>[string] = {
  up: async (db) => {
    await db.schema
      .createTable('book')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('title', 'text', (column) => column.notNull())
      .execute();
  },
};

const addPages: typeof createBook = {
  up: async (db) => {
    await db.schema.alterTable('book').addColumn('pages', 'integer').execute();
  },
};

async function open(
  path: string,
  names: readonly string[],
  backupBeforeMigrating?: boolean,
): Promise<Storage<DB>> {
  const known = { '0001': createBook, '0002': addPages };
  const migrations: MigrationProvider = {
    getMigrations: async () =>
      Object.fromEntries(Object.entries(known).filter(([name]) => names.includes(name))),
  };
  return openStorage<DB>({ url: `sqlite:${path}`, drivers: [sqlite()], migrations, backupBeforeMigrating });
}

/** A database with one book in it, to which the second migration is still to come. */
async function storeBook(): Promise<string> {
  const path = join(await temporaryFolder(), 'library.db');
  await using storage = await open(path, ['0001']);
  await storage.migrator.up();
  await storage.repository('book', { key: 'id' }).insert({ id: 1, title: 'A' });
  return path;
}

function backupsOf(path: string): string[] {
  const folder = join(path, '..');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.backup'))
    .map((file) => join(folder, file));
}

describe('the backup before migrating', () => {
  test('C13 is written beside the file, holds what was there, and is told', async () => {
    const path = await storeBook();
    const told: string[] = [];
    {
      await using storage = await open(path, ['0001', '0002']);
      storage.on('backup', (event) => told.push(event.path));
      await storage.migrator.up();
    }
    const [backup = '', ...others] = backupsOf(path);
    expect(others).toStrictEqual([]);
    expect(told).toStrictEqual([backup]);
    expect(basename(backup)).toMatch(/^library\.db\.before-0002-.*\.backup$/);
    await using storage = await open(backup, []);
    expect(await storage.repository('book', { key: 'id' }).find()).toStrictEqual([{ id: 1, title: 'A' }]);
  });

  test('C13 is not written for an empty database, nor when nothing is pending, nor when it is not wanted', async () => {
    const path = await storeBook();
    expect(backupsOf(path)).toStrictEqual([]);
    {
      await using storage = await open(path, ['0001']);
      expect(await storage.migrator.up()).toStrictEqual([]);
    }
    {
      await using storage = await open(path, ['0001', '0002'], false);
      expect(await storage.migrator.up()).toStrictEqual([{ name: '0002', direction: 'up' }]);
    }
    expect(backupsOf(path)).toStrictEqual([]);
  });
});

describe('backups of migrations that are tried again and again', () => {
  type Up = typeof createBook.up;

  const fail: Up = async () => {
    throw new Error('no such luck');
  };

  /** A storage whose last migration does `up`, and undoes nothing. */
  async function openWith(path: string, up: Up, keep?: number): Promise<Storage<DB>> {
    const all = { '0001': createBook, '0002': { up, down: async () => {} } };
    const backupBeforeMigrating = keep === undefined ? undefined : { keep };
    const migrations: MigrationProvider = { getMigrations: async () => all };
    return openStorage<DB>({ url: `sqlite:${path}`, drivers: [sqlite()], migrations, backupBeforeMigrating });
  }

  async function titlesIn(backup: string): Promise<unknown[]> {
    await using storage = await open(backup, []);
    return (await storage.repository('book', { key: 'id' }).find()).map(({ title }) => title);
  }

  test('C13 a migration that fails at every start leaves one, the last, and its error names it', async () => {
    const path = await storeBook();
    let error: unknown;
    for (const id of [2, 3, 4]) {
      await using storage = await openWith(path, fail);
      await storage.migrator.status();
      error = await rejection(storage.migrator.up());
      await storage.repository('book', { key: 'id' }).insert({ id, title: `B${id}` });
    }
    const [backup = '', ...others] = backupsOf(path);
    expect(others).toStrictEqual([]);
    expect(error).toMatchObject({ code: 'migration_failed', migration: '0002', backup });
    expect((error as Error).message).toContain(backup);
    expect(await titlesIn(backup)).toStrictEqual(['A', 'B2', 'B3']);
  });

  test('C13 a process that is killed in the middle of the migration at every start leaves one', async () => {
    const path = join(await temporaryFolder(), 'library.db');
    for (const backups of [0, 1, 1]) {
      expect(await startChild('die-migrating.mjs', path).ended).toBe(null);
      expect(backupsOf(path)).toHaveLength(backups);
    }
  });

  test('C13 a backup is not replaced once its migration was taken, though it changed only rows and was undone', async () => {
    const path = await storeBook();
    const emptied: Up = async (db) => {
      await sql`update book set title = ''`.execute(db);
    };
    await using storage = await openWith(path, emptied);
    await storage.migrator.up();
    const [first = ''] = backupsOf(path);
    await storage.migrator.down();
    await storage.migrator.up();
    expect(backupsOf(path)).toHaveLength(3);
    expect(await titlesIn(first)).toStrictEqual(['A']);
  });

  test('C13 the newest are kept, as many as are wanted, and what was deleted is told', async () => {
    const path = await storeBook();
    await using storage = await openWith(path, async () => {}, 2);
    const told: { path: string; removed: readonly string[] }[] = [];
    storage.on('backup', (event) => told.push(event));
    for (let round = 0; round < 2; round += 1) {
      await storage.migrator.up();
      await storage.migrator.down();
    }
    const [first, second, ...last] = told.map((event) => event.path);
    expect(backupsOf(path).sort()).toStrictEqual(last.sort());
    expect(told.flatMap(({ removed }) => removed)).toStrictEqual([first, second]);
  });

  test('C13 a backup that is in use, and files of other names, are left alone', async () => {
    const path = await storeBook();
    const own = `${path}.before-0002-mine-2026-11-21T02-57-00.000Z.backup`;
    writeFileSync(own, 'mine');
    for (let start = 0; start < 2; start += 1) {
      await using storage = await openWith(path, fail, 1);
      await rejection(storage.migrator.up());
      const [backup = ''] = backupsOf(path).filter((each) => each !== own);
      if (start === 0) writeFileSync(`${backup}-wal`, '');
    }
    expect(backupsOf(path)).toHaveLength(3);
  });
});

describe('the guard of child rows', () => {
  const createPage: typeof createBook = {
    up: async (db) => {
      await db.schema
        .createTable('page')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('book_id', 'integer', (column) => column.references('book.id').onDelete('cascade'))
        .execute();
      await sql`create trigger tidy after delete on book begin delete from page where book_id = old.id; end`.execute(
        db,
      );
      await sql`insert into book (id, title) values (1, 'A'), (2, 'B')`.execute(db);
      await sql`insert into page (id, book_id) values (1, 1), (2, 1), (3, 2)`.execute(db);
    },
  };

  async function migrate(up: typeof createBook.up): Promise<Storage<DB>> {
    const path = join(await temporaryFolder(), 'library.db');
    const all = { '0001': createBook, '0002': createPage, '0003': { up } };
    const migrations: MigrationProvider = { getMigrations: async () => all };
    const storage = await openStorage<DB>({ url: `sqlite:${path}`, drivers: [sqlite()], migrations });
    await storage.migrator.to('0002');
    return storage;
  }

  test('C13 a migration that loses rows of a child it did not name is undone', async () => {
    await using storage = await migrate(async (db) => {
      await sql`delete from book where id = 1`.execute(db);
    });
    await expect(storage.migrator.up()).rejects.toMatchObject({
      code: 'migration_failed',
      cause: { code: 'migration_failed', message: expect.stringContaining('2 rows of "page"') },
    });
    expect(await storage.repository('book', { key: 'id' }).count()).toBe(2);
  });

  test.each([
    ['a copy that is short of rows', 'insert into page_new select * from page where id > 1'],
    [
      'rows that a trigger takes while others are added',
      'delete from book where id = 1; insert into page (id, book_id) values (8, 2), (9, 2)',
    ],
  ])('C13 is not deceived by %s', async (_, statements) => {
    await using storage = await migrate(async (db) => {
      await sql`create table page_new (id integer primary key, book_id integer references book (id))`.execute(
        db,
      );
      for (const statement of statements.split('; ')) await sql.raw(statement).execute(db);
      if (!statements.startsWith('insert')) return;
      await sql`drop trigger tidy`.execute(db);
      await sql`drop table page`.execute(db);
      await sql`alter table page_new rename to page`.execute(db);
    });
    const error = await rejection(storage.migrator.up());
    expect(error).toMatchObject({ code: 'migration_failed', message: expect.stringContaining('"page"') });
    expect(await rowsOf(storage)).toStrictEqual([1, 2, 3]);
  });

  test.each([
    [
      'with a WITH',
      'with gone as (select 1 as id) delete from page where book_id in (select id from gone)',
      [3],
    ],
    ['from the copy of a rebuild', 'copy', [2, 3]],
    ['by REPLACE', 'insert or replace into page select id, 2 from page', [1, 2, 3]],
    ['and undone by a savepoint', 'savepoint a; delete from page; rollback to a; release a', [1, 2, 3]],
    ['with the table itself', 'drop table page', undefined],
  ])('C13 lets a migration delete rows %s', async (_, statements, left) => {
    const copy =
      'create table page_new (id integer primary key, book_id integer references book (id)); insert into page_new select * from page; ' +
      'delete from page_new where id = 1; drop trigger tidy; drop table page; alter table page_new rename to page';
    await using storage = await migrate(async (db) => {
      for (const statement of (statements === 'copy' ? copy : statements).split('; '))
        await sql.raw(statement).execute(db);
    });
    await storage.migrator.up();
    if (left !== undefined) expect(await rowsOf(storage)).toStrictEqual(left);
  });

  async function rowsOf(storage: Storage<DB>): Promise<unknown[]> {
    const { rows } = await sql<{ id: number }>`select id from page order by id`.execute(storage.kysely);
    return rows.map(({ id }) => id);
  }

  test('C13 a migration may delete from a child by name', async () => {
    await using storage = await migrate(async (db) => {
      await sql`delete from page where book_id = 1`.execute(db);
      await sql`delete from book where id = 1`.execute(db);
    });
    await storage.migrator.up();
    expect(await storage.repository('book', { key: 'id' }).count()).toBe(1);
  });
});

testJointMigration({
  module: import.meta.resolve('@sluice/sqlite-driver'),
  factory: 'sqlite',
  createDatabase: async () => `sqlite:${await temporarySqlitePath()}`,
});
