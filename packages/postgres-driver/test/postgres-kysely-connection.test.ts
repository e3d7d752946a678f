import { openStorage, type Storage } from '@sluice/core';
import { type PostgresDialectOptions, postgres, postgresDialect } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { Kysely, type LogEvent, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Pool } from 'pg';
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startPoolerRelay } from './pooler-relay.js';

interface DB {
  secret: { tenant: string; word: string };
  written: { word: string };
}

let url: string;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  url = await temporaryPostgresUrl();
  const db = open();
  await sql`create table secret (tenant text primary key, word text)`.execute(db);
  await sql`create table written (word text)`.execute(db);
  await sql`do $$ begin create role kysely_tenant; exception when duplicate_object then null; end $$`.execute(
    db,
  );
  await sql`grant select on secret to kysely_tenant`.execute(db);
  await sql`alter table secret enable row level security`.execute(db);
  await sql`create policy own on secret using (tenant = current_user)`.execute(db);
  await sql`insert into secret values ('kysely_tenant', 'mine'), ('other', 'not mine')`.execute(db);
});

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

function open(options: Partial<PostgresDialectOptions> = {}, log?: (event: LogEvent) => void): Kysely<DB> {
  const db = new Kysely<DB>({ dialect: postgresDialect({ url, ...options }), ...(log && { log }) });
  closing.push(() => db.destroy());
  return db;
}

function openTheirs(log?: (event: LogEvent) => void): Kysely<DB> {
  const dialect = new PostgresDialect({ pool: new Pool({ connectionString: url }) });
  const db = new Kysely<DB>({ dialect, ...(log && { log }) });
  closing.push(() => db.destroy());
  return db;
}

async function openStorageKysely(options: { readonly poolSize?: number } = {}): Promise<Kysely<DB>> {
  const storage: Storage<DB> = await openStorage<DB>({ url, drivers: [postgres(options)] });
  closing.push(() => storage.close());
  return storage.kysely;
}

/** Each way to have a Kysely; `connection()` is the same in all of them. */
const KYSELYS: readonly [string, () => Kysely<DB> | Promise<Kysely<DB>>][] = [
  ['the dialect', () => open({ poolSize: 4 })],
  ['the dialect with one connection', () => open({ poolSize: 1 })],
  ['the dialect with portable values', () => open({ values: 'portable' })],
  ['the dialect that is serializable', () => open({ isolation: 'serializable' })],
  ['a storage', () => openStorageKysely()],
  ['a storage with one connection', () => openStorageKysely({ poolSize: 1 })],
];

const backend = async (db: Kysely<DB>): Promise<number | undefined> =>
  (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]?.pid;

const shown = async (db: Kysely<DB>, setting: string): Promise<unknown> =>
  (await sql<{ value: string }>`select current_setting(${setting}) as value`.execute(db)).rows[0]?.value;

const words = async (db: Kysely<DB>): Promise<string[]> =>
  (await db.selectFrom('secret').select('word').orderBy('word').execute()).map(({ word }) => word);

describe.each(KYSELYS)('connection() of %s', (_, make) => {
  test('keeps a role, so that row-level security holds for each statement', async () => {
    const db = await make();
    const seen = await db.connection().execute(async (pinned) => {
      await sql`set role kysely_tenant`.execute(pinned);
      return [await words(pinned), await pinned.transaction().execute(words), await words(pinned)];
    });
    expect(seen).toEqual([['mine'], ['mine'], ['mine']]);
    // Nobody has given the role back.
    expect(await words(db)).toEqual(['mine', 'not mine']);
  });

  test('is one session for settings, temporary tables, locks and transactions', async () => {
    const db = await make();
    const pid = await db.connection().execute(async (pinned) => {
      const first = await backend(pinned);
      await sql`set statement_timeout = '1234ms'`.execute(pinned);
      expect(await shown(pinned, 'statement_timeout')).toBe('1234ms');
      await sql`create temp table scratch (n integer)`.execute(pinned);
      await sql`insert into scratch values (1)`.execute(pinned);
      expect((await sql`select n from scratch`.execute(pinned)).rows).toEqual([{ n: 1 }]);
      await sql`select pg_advisory_lock(4711)`.execute(pinned);
      expect(await pinned.transaction().execute(backend)).toBe(first);
      const { rows } = await sql`select pg_advisory_unlock(4711) as was_held`.execute(pinned);
      expect(rows).toEqual([{ was_held: true }]);
      expect(await Promise.all([backend(pinned), backend(pinned)])).toEqual([first, first]);
      return first;
    });
    expect(pid).toBeTypeOf('number');
    expect(await shown(db, 'statement_timeout')).not.toBe('1234ms');
    expect((await sql`select to_regclass('scratch') as found`.execute(db)).rows).toEqual([{ found: null }]);
  });

  test('leaves nothing of its session to the next caller, also when its callback throws', async () => {
    const db = await make();
    const work = db.connection().execute(async (pinned) => {
      await sql`set application_name = 'left'`.execute(pinned);
      await sql`select pg_advisory_lock(4712)`.execute(pinned);
      throw new Error('stop');
    });
    expect(await rejection(work)).toMatchObject({ message: 'stop' });
    expect(await shown(db, 'application_name')).not.toBe('left');
    const held = sql<{
      n: number;
    }>`select count(*)::int as n from pg_locks where locktype = 'advisory' and objid = 4712`;
    await until(async () => (await held.execute(db)).rows[0]?.n === 0);
  });

  test('keeps a read-only session read-only after a read', async () => {
    const db = await make();
    const work = db.connection().execute(async (pinned) => {
      await sql`set default_transaction_read_only = on`.execute(pinned);
      await words(pinned);
      await pinned.insertInto('written').values({ word: 'never' }).execute();
    });
    await rejection(work);
    expect(await db.selectFrom('written').selectAll().where('word', '=', 'never').execute()).toEqual([]);
  });

  test('does not go on with another session when its own is lost', async () => {
    const db = await make();
    const killer = open();
    const work = db.connection().execute(async (pinned) => {
      await sql`set role kysely_tenant`.execute(pinned);
      const pid = await backend(pinned);
      await sql`select pg_terminate_backend(${pid}::int)`.execute(killer);
      await rejection(words(pinned));
      return words(pinned);
    });
    await rejection(work);
    expect(await words(db)).toEqual(['mine', 'not mine']);
  });
});

describe('connection() of the dialect', () => {
  test('runs a transaction that a statement begins', async () => {
    const db = open({ poolSize: 2 });
    await db.connection().execute(async (pinned) => {
      await sql`begin`.execute(pinned);
      await pinned.insertInto('written').values({ word: 'undone' }).execute();
      await sql`rollback`.execute(pinned);
      await sql`begin`.execute(pinned);
      await pinned.insertInto('written').values({ word: 'kept' }).execute();
      await sql`commit`.execute(pinned);
    });
    const kept = db.selectFrom('written').select('word').where('word', 'in', ['undone', 'kept']);
    expect(await kept.execute()).toEqual([{ word: 'kept' }]);
  });

  test('says that a transaction was left open, and rolls it back', async () => {
    const db = open({ poolSize: 1 });
    const work = db.connection().execute(async (pinned) => {
      await sql`begin`.execute(pinned);
      await pinned.insertInto('written').values({ word: 'left open' }).execute();
    });
    expect(await rejection(work)).toMatchObject({ code: 'invalid_query' });
    expect(await db.selectFrom('written').select('word').where('word', '=', 'left open').execute()).toEqual(
      [],
    );
  });

  test('begins transactions at the level that its session has', async () => {
    const levels = async (db: Kysely<DB>): Promise<unknown> =>
      db.connection().execute(async (pinned) => {
        await sql`set default_transaction_isolation = 'repeatable read'`.execute(pinned);
        return pinned.transaction().execute((trx) => shown(trx, 'transaction_isolation'));
      });
    expect(await levels(open())).toBe('repeatable read');
    expect(await levels(openTheirs())).toBe('repeatable read');
  });

  test('is refused behind a pooler in transaction mode, where statements have different sessions', async () => {
    const { url: relay } = await startPoolerRelay(url, 'transaction');
    const db = open({ url: relay, pooler: 'transaction', values: 'portable' });
    const two = db.connection().execute(async (pinned) => {
      await words(pinned);
      return words(pinned);
    });
    expect(await rejection(two)).toMatchObject({ code: 'unsupported' });
    expect(await db.connection().execute((pinned) => pinned.transaction().execute(words))).toHaveLength(2);
  });
});

test('a storage refuses a transaction that a statement begins in connection(), and the session goes on without', async () => {
  const db = await openStorageKysely();
  const after = await db.connection().execute(async (pinned) => {
    await sql`set application_name = 'kept'`.execute(pinned);
    expect(await rejection(sql`begin`.execute(pinned))).toMatchObject({ code: 'invalid_query' });
    return shown(pinned, 'application_name');
  });
  expect(after).toBe('kept');
});

test('migrators that wait for each other hold no connection that the first one needs', async () => {
  const fresh = await temporaryPostgresUrl();
  for (const poolSize of [1, 2]) {
    let runs = 0;
    const table = `made_${poolSize}`;
    const up = async (db: Kysely<unknown>): Promise<void> => {
      runs += 1;
      await db.schema.createTable(table).addColumn('id', 'integer').execute();
    };
    const provider = { getMigrations: async () => ({ [table]: { up } }) };
    const db = open({ url: fresh, poolSize });
    const names = { migrationTableName: `m_${poolSize}`, migrationLockTableName: `l_${poolSize}` };
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () => new Migrator({ db, provider, ...names }).migrateToLatest()),
    );
    expect(outcomes.map(({ error }) => error)).toEqual(Array.from({ length: 5 }, () => undefined));
    expect(runs).toBe(1);
  }
});

test('one dialect serves several Kyselys, and ends with the last of them', async () => {
  const dialect = postgresDialect({ url, poolSize: 1 });
  const [first, second] = [new Kysely<DB>({ dialect }), new Kysely<DB>({ dialect })];
  onTestFinished(async () => {
    await first.destroy();
  });
  expect(await backend(first)).toBe(await backend(second));
  await second.destroy();
  expect(await backend(first)).toBeTypeOf('number');
  await first.destroy();
  const third = new Kysely<DB>({ dialect });
  expect(await backend(third)).toBeTypeOf('number');
  await third.destroy();
});

test('log shows transactions and savepoints as Kysely’s own dialect shows them', async () => {
  const use = async (create: (log: (event: LogEvent) => void) => Kysely<DB>): Promise<string[]> => {
    const seen: string[] = [];
    const db = create(({ level, query }) => seen.push(`${level}: ${query.sql}`));
    await db.transaction().execute((trx) => sql`select 1`.execute(trx));
    const strict = db.transaction().setIsolationLevel('serializable').setAccessMode('read only');
    await rejection(strict.execute((trx) => sql`select 1 / 0`.execute(trx)));
    await db
      .transaction()
      .setAccessMode('read write')
      .execute(async () => {});
    const controlled = await db.startTransaction().execute();
    const inner = await controlled.savepoint('a "name"').execute();
    await inner.rollbackToSavepoint('a "name"').execute();
    await inner.releaseSavepoint('a "name"').execute();
    await controlled.rollback().execute();
    return seen;
  };
  expect(await use((log) => open({}, log))).toEqual(await use(openTheirs));
});

describe('a query that is aborted while it runs', () => {
  /** Aborts an insert once it runs; gives the words that it wrote once it has ended. */
  async function abort(strategy?: 'cancel query' | 'kill session'): Promise<readonly string[]> {
    const [db, watcher] = [open({ poolSize: 1 }), open()];
    const word = `aborted, ${strategy ?? 'default'}`;
    const controller = new AbortController();
    const insert = sql`insert into written select ${word} from pg_sleep(${strategy === undefined ? 0.5 : 60})`;
    const work = insert.execute(db, {
      signal: controller.signal,
      ...(strategy && { inflightQueryAbortStrategy: strategy }),
    });
    work.catch(() => {});
    const count = async (): Promise<number | undefined> =>
      (
        await sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
          where datname = current_database() and state = 'active' and query like 'insert into written select%'`.execute(
          watcher,
        )
      ).rows[0]?.n;
    await until(async () => (await count()) === 1);
    controller.abort(new Error('enough'));
    expect(await rejection(work)).toMatchObject({ message: 'enough' });
    // It has the only connection until it has ended.
    const rows = await db.selectFrom('written').select('word').where('word', '=', word).execute();
    return rows.map((row) => row.word);
  }

  test('finishes by default', async () => {
    expect(await abort()).toEqual(['aborted, default']);
  });

  test('is cancelled by `cancel query` and `kill session`', async () => {
    expect(await abort('cancel query')).toEqual([]);
    expect(await abort('kill session')).toEqual([]);
  });

  test('leaves its session by `cancel query`, and ends it by `kill session`', async () => {
    const survives = async (strategy: 'cancel query' | 'kill session'): Promise<boolean> =>
      open()
        .connection()
        .execute(async (pinned) => {
          const pid = await backend(pinned);
          const signal = AbortSignal.timeout(50);
          const slow = sql`select pg_sleep(60)`;
          await rejection(slow.execute(pinned, { signal, inflightQueryAbortStrategy: strategy }));
          return backend(pinned).then(
            (now) => now === pid,
            () => false,
          );
        });
    expect(await survives('cancel query')).toBe(true);
    expect(await survives('kill session')).toBe(false);
  });

  test('is not executed when it still waits for a connection', async () => {
    const db = open({ poolSize: 1 });
    const controller = new AbortController();
    await db.connection().execute(async (pinned) => {
      await backend(pinned);
      const insert = db.insertInto('written').values({ word: 'too late' });
      const work = insert.execute({ signal: controller.signal });
      controller.abort(new Error('enough'));
      expect(await rejection(work)).toMatchObject({ message: 'enough' });
    });
    expect(await db.selectFrom('written').select('word').where('word', '=', 'too late').execute()).toEqual(
      [],
    );
  });
});
