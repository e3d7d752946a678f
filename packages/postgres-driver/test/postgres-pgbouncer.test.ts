import { openStorage, type Storage, UniqueViolationError } from '@sluice/core';
import { postgres, postgresDialect } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from './opened-database.js';
import { pgbouncerVersion, startPgbouncer } from './own-pgbouncer.js';

interface Tables {
  readonly account: {
    readonly id: number;
    readonly balance: number;
    readonly opened: Date;
    readonly seal: Uint8Array;
  };
}

const opened: Storage<Tables>[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((storage) => storage.close()));
});

/** @param prepare whether statements are prepared, which PgBouncer keeps from 1.21 on. */
async function openBehindPgbouncer(prepare: boolean): Promise<Storage<Tables>> {
  const direct = await temporaryPostgresUrl();
  const url = await startPgbouncer(direct, prepare ? ['max_prepared_statements = 100'] : []);
  const drivers = [postgres({ pooler: 'transaction', prepare, poolSize: 8 })];
  const storage = await openStorage<Tables>({ url, drivers });
  opened.push(storage);
  await storage.kysely.schema
    .createTable('account')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('balance', 'integer', (column) => column.notNull().check(sql`balance >= 0`))
    .addColumn('opened', 'timestamptz')
    .addColumn('seal', 'bytea')
    .execute();
  return storage;
}

const accountOf = (id: number): Tables['account'] => ({
  id,
  balance: 100,
  opened: new Date(Date.UTC(2024, 0, id, 12)),
  seal: new Uint8Array([id, 0, 255]),
});
const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

function cases(prepare: boolean): void {
  test('keeps values, coalesces, and tells each its own error', async () => {
    const storage = await openBehindPgbouncer(prepare);
    const accounts = storage.repository('account', { key: 'id' });
    const outcomes = await Promise.allSettled([...range(40), 7].map((id) => accounts.insert(accountOf(id))));
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([
      { status: 'rejected', reason: expect.any(UniqueViolationError) },
    ]);
    expect(await Promise.all(range(40).map((id) => accounts.get(id)))).toEqual(range(40).map(accountOf));
    expect(await accounts.insertMany(range(500).map((n) => accountOf(n + 100)))).toBe(500);
    for (const id of range(20)) expect(await accounts.get(id)).toEqual(accountOf(id));
  });

  test('gives every transaction its isolation, whichever session it gets', async () => {
    const storage = await openBehindPgbouncer(prepare);
    const level = sql<{ level: string; zone: string }>`
      select current_setting('transaction_isolation') as level, current_setting('TimeZone') as zone`;
    const single = await level.execute(storage.kysely);
    expect(single.rows).toEqual([{ level: 'serializable', zone: 'UTC' }]);
    const reads = range(10).map(() => storage.read(async (tx) => (await level.execute(tx.kysely)).rows));
    const writes = range(10).map(() => storage.write(async (tx) => (await level.execute(tx.kysely)).rows));
    expect(await Promise.all(reads)).toEqual(
      range(10).map(() => [{ level: 'repeatable read', zone: 'UTC' }]),
    );
    expect(await Promise.all(writes)).toEqual(range(10).map(() => [{ level: 'serializable', zone: 'UTC' }]));
  });

  test('leaves nothing behind in a session that others use', async () => {
    const url = await startPgbouncer(await temporaryPostgresUrl());
    const drivers = [postgres({ pooler: 'transaction', prepare: false, poolSize: 4 })];
    const storage = await openStorage<Tables>({ url, drivers });
    opened.push(storage);
    await Promise.all(range(20).map(() => sql`select 1`.execute(storage.kysely)));
    const other = new Client(url);
    await other.connect();
    const { rows } = await other.query(`select name from pg_settings where source = 'session'
      and name in ('default_transaction_isolation', 'idle_in_transaction_session_timeout', 'bytea_output')`);
    await other.end();
    expect(rows).toEqual([]);
  });

  test('loses no update among many writers', async () => {
    const storage = await openBehindPgbouncer(prepare);
    await storage.repository('account', { key: 'id' }).insert({ ...accountOf(1), balance: 0 });
    await Promise.all(
      range(60).map(() =>
        storage.write(async (tx) => {
          const accounts = tx.repository('account', { key: 'id' });
          const { balance } = await accounts.getOrThrow(1);
          await accounts.update(1, { balance: balance + 1 });
        }),
      ),
    );
    expect(await storage.repository('account', { key: 'id' }).get(1)).toMatchObject({ balance: 60 });
  });

  test('streams, cancels, and goes on after a failure', async () => {
    const storage = await openBehindPgbouncer(prepare);
    const accounts = storage.repository('account', { key: 'id' });
    await accounts.insertMany(range(2000).map(accountOf));
    let count = 0;
    for await (const _ of accounts.stream()) count += 1;
    expect(count).toBe(2000);
    const late = storage.read((tx) => sql`select pg_sleep(60)`.execute(tx.kysely), { timeoutMs: 200 });
    expect(await rejection(late)).toMatchObject({ code: 'timeout' });
    for (const id of range(10)) {
      expect(await rejection(accounts.insert({ ...accountOf(5000 + id), balance: -1 }))).toMatchObject({
        code: 'check_violation',
      });
      expect(await accounts.get(id)).toEqual(accountOf(id));
    }
  });
}

const version = pgbouncerVersion();
const keepsPrepared = version !== undefined && Number(version.split('.')[1]) >= 21;

if (version === undefined) {
  const name =
    'NOT TESTED: PgBouncer in transaction mode, because no pgbouncer is installed (apt-get install pgbouncer)';
  console.warn(name);
  test.skip(name, () => {});
} else {
  describe(`behind PgBouncer ${version} in transaction mode, without prepared statements`, () =>
    cases(false));
  if (keepsPrepared) {
    describe(`behind PgBouncer ${version} with max_prepared_statements`, () => cases(true));
  } else {
    test.skip(`NOT TESTED: prepared statements behind PgBouncer, which keeps them from 1.21 on; ${version} is installed`, () => {});
  }
}

describe.skipIf(version === undefined)(
  'PgBouncer in transaction mode, whose sessions other clients use',
  () => {
    async function open(): Promise<{ readonly storage: Storage<Tables>; seen(): Promise<unknown> }> {
      const direct = await temporaryPostgresUrl();
      const url = await startPgbouncer(direct, ['default_pool_size = 1']);
      const storage = await openStorage<Tables>({ url, drivers: [postgres({ pooler: 'transaction' })] });
      opened.push(storage);
      const other = new Client(url);
      await other.connect();
      onTestFinished(() => other.end());
      const seen = async (): Promise<unknown> => (await other.query(LEFT)).rows[0];
      return { storage, seen };
    }

    const LEFT = `select coalesce(current_setting('app.tenant', true), '') as tenant, current_setting('work_mem') as memory,
    (select count(*)::integer from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
    (select count(*)::integer from pg_class where relnamespace = pg_my_temp_schema() and relkind <> 'i') as temporary,
    (select count(*)::integer from pg_listening_channels()) as listens`;
    const NOTHING = { tenant: '', memory: '4MB', locks: 0, temporary: 0, listens: 0 };

    test.each([
      `set app.tenant = 'b'`,
      `select set_config('app.tenant', 'b', false)`,
      `update pg_settings set setting = '8192' where name = 'work_mem'`,
      'create temp table account (id integer)',
      'select 1 as id into temp account',
      'select pg_advisory_lock(7)',
      'listen here',
    ])('refuses what would stay in one: %s', async (text) => {
      const { storage, seen } = await open();
      const statement = sql.raw(text);
      const refusal = {
        code: 'unsupported',
        message: expect.stringContaining('connect to PostgreSQL itself'),
      };
      expect(await rejection(statement.execute(storage.kysely))).toMatchObject(refusal);
      expect(await rejection(storage.write((tx) => statement.execute(tx.kysely)))).toMatchObject(refusal);
      expect(await seen()).toEqual(NOTHING);
    });

    test('runs what ends with its transaction', async () => {
      const { storage, seen } = await open();
      await storage.write(async (tx) => {
        await sql`set local work_mem = '8MB'`.execute(tx.kysely);
        await sql`select set_config('app.tenant', ${'b'}, ${true}), pg_advisory_xact_lock(7)`.execute(
          tx.kysely,
        );
        await sql`create temp table passing (id integer) on commit drop`.execute(tx.kysely);
        const { rows } = await sql<{
          tenant: string;
        }>`select current_setting('app.tenant') as tenant`.execute(tx.kysely);
        expect(rows).toEqual([{ tenant: 'b' }]);
      });
      expect(await seen()).toEqual(NOTHING);
    });
  },
);

describe.skipIf(version === undefined)('PgBouncer that ends a statement by its query_timeout', () => {
  test.each(['session', 'transaction'] as const)(
    'in %s mode, while the server goes on: it is executed once, and the caller told that this is unknown',
    async (pooler) => {
      const { url: direct, rows } = await openDatabase();
      const settings = [`pool_mode = ${pooler}`, 'default_pool_size = 5', 'query_timeout = 1'];
      const url = await startPgbouncer(direct, settings);
      const storage = await openStorage<Tables>({ url, drivers: [postgres({ pooler })] });
      opened.push(storage);
      await sql`create table slow (id integer)`.execute(storage.kysely);
      const insert = sql`insert into slow select 1 from pg_sleep(2)`.execute(storage.kysely);
      const error = await rejection(insert);
      expect(error).toMatchObject({ code: 'commit_unknown', cause: { cause: { code: '08P01' } } });
      const running = `select 1 from pg_stat_activity
      where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()`;
      await until(async () => (await rows(running)).length === 0);
      expect(await rows('select * from slow')).toEqual([{ id: 1 }]);
      expect(storage.metrics().replays).toEqual({});
    },
  );
});

test('refuses a pooler for values that depend on the session', () => {
  const options = { url: 'postgres://localhost/app', pooler: 'transaction' } as const;
  const dialect = postgresDialect(options);
  return expect(dialect.createDriver().init()).rejects.toMatchObject({ code: 'invalid_configuration' });
});
