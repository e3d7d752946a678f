import { openStorage, type Storage, type StorageMigration } from '@sluice/core';
import { type PostgresOptions, postgres } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { type Kysely, sql } from 'kysely';
import { afterEach, expect, test } from 'vitest';

interface DB {
  t: { id: number; n: number };
}

const opened: Storage<DB>[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((storage) => storage.close()));
});

const table: StorageMigration = {
  up: async (db) => {
    await sql`create table t (id integer primary key, n integer not null)`.execute(db);
    await sql`insert into t values (1, 1), (2, 1)`.execute(db);
  },
};

const concurrently: StorageMigration = {
  transaction: false,
  up: async (db) => {
    await sql`drop index concurrently if exists t_n`.execute(db);
    await sql`create unique index concurrently t_n on t (n)`.execute(db);
  },
  down: async (db) => {
    await sql`drop index concurrently t_n`.execute(db);
  },
};

/** A storage on the database at `url`, by default a new one, that has the table already. */
async function open(
  migrations: Record<string, StorageMigration>,
  { url, ...options }: PostgresOptions & { readonly url?: string } = {},
): Promise<{ storage: Storage<DB>; url: string }> {
  const at = url ?? (await temporaryPostgresUrl());
  const storage = await openStorage<DB>({
    url: at,
    drivers: [postgres(options)],
    migrations: { getMigrations: async () => ({ '001_table': table, ...migrations }) },
  });
  opened.push(storage);
  await storage.migrator.to('001_table');
  return { storage, url: at };
}

async function isValid({ kysely }: Storage<DB>): Promise<unknown> {
  const { rows } = await sql<{ indisvalid: boolean }>`
    select indisvalid from pg_index where indexrelid = to_regclass('t_n')`.execute(kysely);
  return rows[0]?.indisvalid;
}

/** Holds a lock on the table until the returned function is called. */
async function lockTable(storage: Storage<DB>, mode: string): Promise<() => Promise<void>> {
  const { promise: end, resolve } = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const done = storage.write(async (tx) => {
    await sql.raw(`lock table t in ${mode} mode`).execute(tx.kysely);
    held.resolve();
    await end;
  });
  await held.promise;
  return () => {
    resolve();
    return done;
  };
}

test('builds an index concurrently, and a failed one stays invalid until it is built again', async () => {
  const { storage } = await open({ '002_index': concurrently });
  const error = await rejection(storage.migrator.up());
  expect(error).toMatchObject({ code: 'migration_failed', migration: '002_index', isUndone: false });
  expect(String(error)).toContain('not recorded as applied');
  expect(await isValid(storage)).toBe(false);
  expect((await storage.migrator.status())[1]?.appliedAt).toBeUndefined();
  await storage.repository('t', { key: 'id' }).update(2, { n: 2 });
  expect(await storage.migrator.up()).toEqual([{ name: '002_index', direction: 'up' }]);
  expect(await isValid(storage)).toBe(true);
  await storage.migrator.down();
  expect(await isValid(storage)).toBeUndefined();
});

test('refuses CREATE INDEX CONCURRENTLY in a transaction, and names the way out', async () => {
  const { up } = concurrently;
  const { storage } = await open({ '002_index': { up } });
  const error = await rejection(storage.migrator.up());
  expect(error).toMatchObject({ code: 'migration_failed', isUndone: true });
  expect(String(error)).toContain('transaction = false');
});

test('an index is built while another storage waits for its turn to migrate', async () => {
  const reached = Promise.withResolvers<void>();
  const waits = Promise.withResolvers<void>();
  const migration: StorageMigration = {
    ...concurrently,
    up: async (db, context) => {
      reached.resolve();
      await waits.promise;
      await concurrently.up(db, context);
    },
  };
  const { storage, url } = await open({ '002_index': migration });
  await storage.repository('t', { key: 'id' }).update(2, { n: 2 });
  const { storage: other } = await open({ '002_index': migration }, { url });
  const first = storage.migrator.up();
  await reached.promise;
  const second = other.migrator.up();
  const asking = sql`select 1 from pg_stat_activity where datname = current_database()
    and state = 'idle in transaction' and query like '%pg_try_advisory_xact_lock%'`;
  await until(async () => (await asking.execute(storage.kysely)).rows.length === 1);
  waits.resolve();
  expect(await first).toHaveLength(1);
  expect(await second).toEqual([]);
  expect(await isValid(storage)).toBe(true);
});

test('ends the session of a migration without a transaction, with its settings and its lock', async () => {
  const sets: StorageMigration = {
    transaction: false,
    up: async (db) => {
      await sql`set statement_timeout = 12345`.execute(db);
    },
  };
  const { storage } = await open({ '002_sets': sets }, { poolSize: 1 });
  await storage.migrator.up();
  const { rows } = await sql<{
    timeout: string;
    locks: number;
  }>`select current_setting('statement_timeout') as timeout,
    (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks`.execute(
    storage.kysely,
  );
  expect(rows).toEqual([{ timeout: '0', locks: 0 }]);
});

test('refuses a transaction that a migration without one begins itself, and streams', async () => {
  const outside = (up: (db: Kysely<DB>) => Promise<unknown>): StorageMigration => ({
    transaction: false,
    up: async (db) => {
      await up(db);
    },
  });
  const begins = await open({ '002_begins': outside((db) => sql`begin`.execute(db)) });
  expect(await rejection(begins.storage.migrator.up())).toMatchObject({ cause: { code: 'invalid_query' } });
  const streams = await open({
    '002_streams': outside(async (db) => {
      for await (const _ of db.selectFrom('t').selectAll().stream()) break;
    }),
  });
  expect(await rejection(streams.storage.migrator.up())).toMatchObject({ cause: { code: 'unsupported' } });
});

test('an ALTER gives way to what waits behind it, and is made again until the lock is free', async () => {
  const alters: StorageMigration = {
    up: async (db) => {
      await db.schema.alterTable('t').addColumn('note', 'text').execute();
    },
  };
  const { storage, url } = await open({ '002_alters': alters });
  const { storage: other } = await open({ '002_alters': alters }, { url });
  const unlock = await lockTable(other, 'access share');
  let replays = 0;
  storage.on('replay', ({ reason }) => {
    if (reason === 'lock_timeout') replays += 1;
  });
  const migrated = storage.migrator.up({ lockTimeoutMs: 50 });
  await until(() => replays >= 2);
  await other.repository('t', { key: 'id' }).update(1, { n: 5 });
  await unlock();
  expect(await migrated).toHaveLength(1);
});

test('gives up an ALTER whose lock is never free at the deadline, with nothing changed', async () => {
  const alters: StorageMigration = {
    up: async (db) => {
      await sql`update t set n = 9`.execute(db);
      await db.schema.alterTable('t').addColumn('note', 'text').execute();
    },
  };
  const { storage, url } = await open({ '002_alters': alters });
  const { storage: other } = await open({ '002_alters': alters }, { url });
  const unlock = await lockTable(other, 'access share');
  const error = await rejection(storage.migrator.up({ lockTimeoutMs: 50, timeoutMs: 1000 }));
  await unlock();
  expect(error).toMatchObject({ code: 'timeout', cause: { reason: 'lock_timeout' } });
  expect(await storage.repository('t', { key: 'id' }).get(1)).toEqual({ id: 1, n: 1 });
});

test('a lock timeout of a migration without a transaction makes it fail, since it cannot be undone', async () => {
  const { storage, url } = await open({ '002_index': concurrently });
  const { storage: other } = await open({ '002_index': concurrently }, { url });
  const unlock = await lockTable(other, 'row exclusive');
  const error = await rejection(storage.migrator.up({ lockTimeoutMs: 50 }));
  await unlock();
  expect(error).toMatchObject({ code: 'migration_failed', isUndone: false });
  expect((error as Error).cause).toMatchObject({ code: 'commit_unknown', cause: { reason: 'lock_timeout' } });
});

test('a statement of a migration ends at its own limit', async () => {
  const sleeps: StorageMigration = {
    up: async (db) => {
      await sql`select pg_sleep(60)`.execute(db);
    },
  };
  const { storage } = await open({ '002_sleeps': sleeps });
  const error = await rejection(storage.migrator.up({ statementTimeoutMs: 100 }));
  expect(error).toMatchObject({ code: 'migration_failed', isUndone: true, cause: { code: 'timeout' } });
});

test('a stricter lock timeout of the server stays', async () => {
  const shown: string[] = [];
  const shows: StorageMigration = {
    up: async (db) => {
      const { rows } = await sql<{ lock_timeout: string }>`show lock_timeout`.execute(db);
      shown.push(...rows.map((row) => row.lock_timeout));
    },
  };
  const { storage: own } = await open({ '002_shows': shows }, { lockTimeoutMs: 70 });
  const { storage: free } = await open({ '002_shows': shows });
  await own.migrator.up();
  await free.migrator.up();
  expect(shown).toEqual(['70ms', '2s']);
});

test('is refused behind a pooler in transaction mode', async () => {
  const { storage } = await open({ '002_index': concurrently }, { pooler: 'transaction' });
  expect(await rejection(storage.migrator.up())).toMatchObject({ code: 'unsupported' });
});
