import { type DatabaseTransaction, openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { openDatabase, untilPool } from './opened-database.js';
import { openTables } from './opened-storage.js';

const SCHEMA = [
  'create table users (id integer primary key, name text)',
  `create function become(t text) returns text language sql as $$ select set_config('app.tenant', t, false) $$`,
  'create function take() returns void language sql as $$ select pg_advisory_lock(42) $$',
  `create function leaky() returns int language plpgsql as $$ begin
     execute 'create temp table users (id integer, name text)'; execute 'listen leaky';
     perform set_config('search_path', 'pg_catalog', false); perform pg_advisory_lock(42); return 1; end $$`,
];

/** What a session shows to the next caller. */
const SEEN = `
  select coalesce(current_setting('app.tenant', true), '') as tenant, current_setting('search_path') as path, current_user = session_user as mine,
    current_setting('TimeZone') as zone, current_setting('transaction_isolation') as isolation,
    (select count(*)::integer from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
    (select count(*)::integer from pg_class where relnamespace = pg_my_temp_schema() and relkind <> 'i') as temporary,
    (select count(*)::integer from pg_listening_channels()) as listens,
    (select count(*)::integer from pg_cursors where is_holdable) as cursors,
    (select count(*)::integer from pg_prepared_statements where from_sql) as prepared`;

const FRESH = {
  tenant: '',
  path: '"$user", public',
  mine: true,
  zone: 'UTC',
  isolation: 'serializable',
  locks: 0,
  temporary: 0,
  listens: 0,
  cursors: 0,
  prepared: 0,
};

const LEAVING: readonly (readonly [what: string, ...statements: string[]])[] = [
  ['a table made by CREATE TEMP TABLE AS', 'create temp table users as select * from users'],
  ['a table made by SELECT INTO TEMP', 'select * into temp users from users'],
  [
    'a setting made through pg_settings',
    `update pg_settings set setting = 'pg_catalog' where name = 'search_path'`,
  ],
  ['a setting', `select set_config('app.tenant', 'b', false)`],
  ['a setting made in a function', `select become('b')`],
  ['a setting made in a function of FROM', `select * from become('b')`],
  ['a setting made in a block', `do $$ begin perform set_config('app.tenant', 'b', false); end $$`],
  ['a session lock', 'select pg_advisory_lock(42)'],
  ['a session lock made in a function', 'select take()'],
  ['all of them, made in a function', 'select leaky()'],
  ['a lock made by a statement that fails', `select take(), 1 / (random() * 0)::integer`],
  ['a role', 'set role pg_monitor'],
  ['a listener', 'listen here'],
  ['a prepared statement', 'prepare theirs as select 1'],
  ['a prepared statement made in a block', `do $$ begin execute 'prepare theirs as select 1'; end $$`],
  ['a cursor that is held', 'declare held cursor with hold for select 1'],
  ['isolation', 'set session characteristics as transaction isolation level read committed'],
  ['a setting in the name of another', `select U&"\\0062ecome"('b')`],
];

describe('the next caller of a connection gets a session without', () => {
  test.each(LEAVING)('%s', async (_, ...statements) => {
    const { storage } = await openTables(SCHEMA, { poolSize: 1 });
    for (const statement of statements) await sql.raw(statement).execute(storage.kysely).catch(ignore);
    expect((await sql.raw(SEEN).execute(storage.kysely)).rows).toEqual([FRESH]);
    const users = storage.repository('users' as never, { key: 'id' as never }) as unknown as {
      insert(row: object): Promise<unknown>;
    };
    await users.insert({ id: 1, name: 'kept' });
    await storage.close();
  });

  test.each(LEAVING)('%s, in a transaction', async (_, ...statements) => {
    const { storage } = await openTables(SCHEMA, { poolSize: 1 });
    const leaving = storage.write(async (tx) => {
      for (const statement of statements) await sql.raw(statement).execute(tx.kysely);
    });
    await leaving.catch(ignore);
    expect((await sql.raw(SEEN).execute(storage.kysely)).rows).toEqual([FRESH]);
  });

  test('a setting made by a function in a built query, in a stream and in a read', async () => {
    const { storage } = await openTables<{ users: { id: number } }>(SCHEMA, { poolSize: 1 });
    const built = storage.kysely.selectNoFrom((eb) => eb.fn<string>('become', [eb.val('b')]).as('x'));
    const tenant = async (): Promise<unknown> =>
      (await sql.raw<{ tenant: string }>(SEEN).execute(storage.kysely)).rows[0]?.tenant;
    await built.execute();
    expect(await tenant()).toBe('');
    for await (const _ of built.stream(1)) break;
    expect(await tenant()).toBe('');
    await storage.read((tx) =>
      tx.kysely.selectNoFrom((eb) => eb.fn('become', [eb.val('b')]).as('x')).execute(),
    );
    expect(await tenant()).toBe('');
  });
});

/** Tables whose use makes a setting, and the statements of a repository that use them. */
const CODE: readonly (readonly [what: string, ...schema: string[]])[] = [
  [
    'a trigger',
    `create function act() returns trigger language plpgsql as $$ begin perform set_config('app.tenant', 'b', false); return new; end $$`,
    'create trigger act before insert on items for each row execute function act()',
  ],
  [
    'a trigger that calls a function',
    'create function act() returns trigger language plpgsql as $$ begin perform become(new.name); return new; end $$',
    'create trigger act before insert on items for each row execute function act()',
  ],
  [
    'a trigger of a table that a trigger writes to',
    'create table log (id integer)',
    `create function act() returns trigger language plpgsql as $$ begin perform become('b'); return new; end $$`,
    'create trigger act before insert on log for each row execute function act()',
    'create function log() returns trigger language plpgsql as $$ begin insert into log values (new.id); return new; end $$',
    'create trigger log after insert on items for each row execute function log()',
  ],
  ['a default', `alter table items alter column name set default become('b')`],
  [
    'a default of a function of PostgreSQL',
    `alter table items alter column name set default set_config('app.tenant', 'b', false)`,
  ],
  ['a check', `alter table items add check (become('b') = 'b')`],
  [
    'the check of a domain',
    `create domain named as text check (become('b') = 'b')`,
    'alter table items alter column name type named',
  ],
  ['a rule', `create rule act as on insert to items do also select become('b')`],
  [
    'a policy',
    'alter table items enable row level security, force row level security',
    `create policy act on items using (become('b') = 'b')`,
  ],
  [
    'a partition',
    'drop table items',
    'create table items (id integer primary key, name text) partition by range (id)',
    'create table part partition of items default',
    `create function act() returns trigger language plpgsql as $$ begin perform become('b'); return new; end $$`,
    'create trigger act before insert on part for each row execute function act()',
  ],
];

describe('so does the next caller of a repository whose table has', () => {
  test.each(CODE)('%s', async (_, ...schema) => {
    const { storage } = await openTables<{ items: { id: number; name: string | null } }>(
      [...SCHEMA, 'create table items (id integer primary key, name text)', ...schema],
      { poolSize: 1, coalesce: false },
    );
    const items = storage.repository('items', { key: 'id' });
    // The second one is sent when it is known what tables do.
    for (const id of [1, 2]) {
      await items.insert({ id, name: null }).catch(ignore);
      await items.insertMany([{ id: id + 10 } as { id: number; name: null }]).catch(ignore);
      await items.find();
      expect((await sql.raw(SEEN).execute(storage.kysely)).rows).toEqual([FRESH]);
    }
  });

  test('a foreign key with an action, to one with a trigger', async () => {
    const { storage } = await openTables<{ users: { id: number; name: string | null } }>(
      [
        ...SCHEMA,
        'create table child (id integer references users on delete cascade)',
        `create function act() returns trigger language plpgsql as $$ begin perform become('b'); return old; end $$`,
        'create trigger act before delete on child for each row execute function act()',
        'insert into users values (1), (2)',
        'insert into child values (1), (2)',
      ],
      { poolSize: 1 },
    );
    for (const id of [1, 2]) {
      await storage.repository('users', { key: 'id' }).delete(id);
      expect((await sql.raw(SEEN).execute(storage.kysely)).rows).toEqual([FRESH]);
    }
  });

  test('a trigger that was created just now', async () => {
    const { storage } = await openTables<{ users: { id: number; name: string | null } }>(SCHEMA, {
      poolSize: 2,
    });
    const users = storage.repository('users', { key: 'id' });
    await users.insert({ id: 1, name: null });
    await users.insert({ id: 2, name: null });
    await sql`create function act() returns trigger language plpgsql as $$ begin perform become('b'); return new; end $$`.execute(
      storage.kysely,
    );
    await storage.write(async (tx) => {
      await sql`create trigger act before insert on users for each row execute function act()`.execute(
        tx.kysely,
      );
    });
    await users.insert({ id: 3, name: null });
    const tenants = await Promise.all(
      [1, 2, 3].map(() => sql.raw<{ tenant: string }>(SEEN).execute(storage.kysely)),
    );
    expect(tenants.map(({ rows }) => rows[0]?.tenant)).toEqual(['', '', '']);
  });
});

/** How often connections were reset: each sets the time zone, and the server counts what a role has executed as prepared statements of a session. */
const RESETS = `select sum(generic_plans + custom_plans)::integer as n from pg_prepared_statements where statement like 'reset all'`;

describe('a session is not reset', () => {
  const resets = async (
    run: (text: string) => Promise<{ rows: readonly Record<string, unknown>[] }>,
  ): Promise<number> => Number((await run(RESETS)).rows[0]?.n ?? 0);

  test('after statements that touch rows only, in any way', async () => {
    const { storage } = await openTables<{ users: { id: number; name: string | null; at: Date | null } }>(
      [
        ...SCHEMA,
        'alter table users add column at timestamptz(3)',
        `create function stamp() returns trigger language plpgsql as $$ begin new.at = now(); return new; end $$`,
        'create trigger stamp before insert or update on users for each row execute function stamp()',
      ],
      { poolSize: 1 },
    );
    const { kysely } = storage;
    const users = storage.repository('users', { key: 'id' });
    const read = (text: string) => sql.raw<Record<string, unknown>>(text).execute(kysely);
    await users.count();
    const before = await resets(read);
    await users.insert({ id: 1, name: 'a', at: null });
    await users.insertMany(Array.from({ length: 400 }, (_, n) => ({ id: n + 10, name: 'x', at: null })));
    await Promise.all([1, 2, 3].map((n) => users.insert({ id: 1000 + n, name: 'x', at: null })));
    await users.update(1, { name: 'b' });
    await users.find({ where: { name: { like: 'b%' } }, orderBy: { id: 'asc' } });
    for await (const _ of users.stream()) break;
    await storage.write(async (tx) => {
      await tx.repository('users', { key: 'id' }).get(1);
      await tx.savepoint((inner) => inner.repository('users', { key: 'id' }).delete(10));
      await sql`select set_config('app.tenant', ${'a'}, true)`.execute(tx.kysely);
    });
    await kysely
      .selectFrom('users')
      .select((eb) => eb.fn.countAll().as('n'))
      .execute();
    await kysely.updateTable('users').set({ name: sql`upper(name)` }).where('id', '=', 1).execute();
    await sql`select * from users where id = ${1}`.execute(kysely);
    await sql`update users set name = lower(name) where id = ${1}`.execute(kysely);
    // The question itself is one of the kind that is followed by a reset.
    expect((await resets(read)) - before).toBe(1);
  });

  test('but always where the option says so', async () => {
    const { database, run } = await openDatabase({ poolSize: 1, resetSession: 'always' });
    const before = await resets(run);
    for (let n = 0; n < 5; n += 1) await run('select 1');
    expect((await resets(run)) - before).toBe(6);
    await database.close();
  });
});

test('a session is reset before the connection is idle, so that a lock is not held until the next caller', async () => {
  const { storage, url } = await openTables(SCHEMA, { poolSize: 1 });
  await storage.write((tx) => sql`select take()`.execute(tx.kysely));
  const { rows } = await openDatabase({ url });
  const held = `select count(*)::integer as n from pg_locks where locktype = 'advisory' and objid = 42 and database = (select oid from pg_database where datname = current_database())`;
  await until(async () => (await rows(held))[0]?.n === 0);
});

test('keeps the connection, and what it has prepared', async () => {
  const { database, run, rows } = await openDatabase({ poolSize: 1 });
  const pid = async (): Promise<unknown> => (await rows('select pg_backend_pid() as pid'))[0]?.pid;
  const first = await pid();
  for (let n = 0; n < 4; n += 1) await run('select $1::integer as prepared_here', [n]);
  await run(`set timezone = 'Asia/Tokyo'`);
  const [prepared] = await rows(
    `select count(*)::integer as n from pg_prepared_statements where statement like '%prepared_here'`,
  );
  expect([prepared?.n, await pid()]).toEqual([1, first]);
  await untilPool({ database }, 1, 1);
});

test('ends a session that has loaded a library', async () => {
  const { run, rows } = await openDatabase({ poolSize: 1 });
  const pid = async (): Promise<unknown> => (await rows('select pg_backend_pid() as pid'))[0]?.pid;
  const first = await pid();
  await run(`load 'plpgsql'`);
  expect(await pid()).not.toBe(first);
});

test('lends a connection to a caller that waits for its reset, and opens no other one', async () => {
  const { database, run } = await openDatabase({ poolSize: 5 });
  await run('create table t (id integer)');
  for (let n = 0; n < 20; n += 1) await run(`set application_name = 'n${n}'`);
  await untilPool({ database }, 1, 1);
});

test('a reset that does not come to its end costs the connection alone', async () => {
  const { database, run, rows, url } = await openDatabase({ poolSize: 1 });
  const other = await openDatabase({ url });
  const [session] = await rows('select pg_backend_pid() as pid');
  const transaction: DatabaseTransaction = await database.begin({ access: 'write' });
  await transaction.execute({ sql: `set application_name = 'x'`, parameters: [], access: 'unknown' }, {});
  const ending = transaction.rollback();
  await other.run('select pg_terminate_backend($1::integer)', [session?.pid]);
  await ending;
  await until(async () => (await rejection(run('select 1')).then(ignore, () => true)) === true);
});

test('refuses an unknown value of the option', async () => {
  const drivers = [postgres({ resetSession: 'never' as 'always' })];
  const error = await rejection(openStorage({ url: await temporaryPostgresUrl(), drivers }));
  expect(String(error)).toContain('resetSession');
});

function ignore(): void {}
