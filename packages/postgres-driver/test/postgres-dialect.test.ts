import { type PostgresDialectOptions, postgresDialect } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection } from '@sluice/testkit/driver-tests';
import { CompiledQuery, type IsolationLevel, Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { DatabaseError, Pool } from 'pg';
import Cursor from 'pg-cursor';
import { afterEach, beforeAll, expect, test } from 'vitest';

interface DB {
  thing: { id: number; big: string | null; moment: Date | null; doc: unknown; tags: string[] | null };
}

let url: string;
const opened: Kysely<DB>[] = [];

beforeAll(async () => {
  url = await temporaryPostgresUrl();
  const db = open();
  await sql`create table thing (id integer primary key, big bigint, moment timestamptz, doc jsonb, tags text[], bytes bytea,
    day date, plain timestamp, exact numeric, span interval)`.execute(db);
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((db) => db.destroy()));
});

function open(options: Partial<PostgresDialectOptions> = {}): Kysely<DB> {
  const db = new Kysely<DB>({ dialect: postgresDialect({ url, ...options }) });
  opened.push(db);
  return db;
}

/** Kysely's own dialect. */
function openTheirs(): Kysely<DB> {
  const pool = new Pool({ connectionString: url });
  const db = new Kysely<DB>({ dialect: new PostgresDialect({ pool, cursor: Cursor as never }) });
  opened.push(db);
  return db;
}

test('returns what Kysely’s own dialect returns', async () => {
  const stock = openTheirs();
  const queries = [
    sql`insert into thing values (1, 9007199254740993, '2024-01-01 12:00:00.123456+02', '{"a": [1]}', '{x,"y z"}', '\\x00ff',
      '2024-02-29', '2024-01-01 12:00:00', 1.50, '1 day 2 hours') on conflict (id) do update set big = excluded.big returning *`,
    sql`select * from thing`,
    sql`select count(*) as n, 1.5::numeric as f, null as nothing, '{1,2}'::int[] as list, now() = now() as same from thing`,
    sql`update thing set doc = ${{ b: 2 }}, tags = ${['p', 'q']}, moment = ${new Date(0)}, bytes = ${Buffer.from([1])} returning *`,
    sql`select 1 as a, null as a`,
    sql`select null as a, 1 as b, 2 as a, null as b, 3 as b`,
    sql`select 1 where false`,
    sql`create table if not exists thing (id integer)`,
    sql`with "select" as (select id from thing where 'insert' <> ')' and id in (1, 2)) update thing set big = big where id in (select id from "select")`,
    sql`with moved as (update thing set big = big returning id) select count(*) as n from moved`,
  ];
  for (const query of queries) {
    const [ours, theirs] = [await query.execute(open()), await query.execute(stock)];
    expect(ours.rows).toStrictEqual(theirs.rows);
    expect(ours.numAffectedRows).toBe(theirs.numAffectedRows);
  }
});

test('throws what Kysely’s own dialect throws, with the frames of the caller', async () => {
  const insert = sql`insert into thing (id) values (7), (7)`;
  const works: readonly ((db: Kysely<DB>) => Promise<unknown>)[] = [
    async (db) => await insert.execute(db),
    async (db) => await sql`select 1 / 0`.execute(db),
    async (db) => await db.transaction().execute(async (trx) => await insert.execute(trx)),
    async (db) => {
      for await (const _ of db.selectFrom('thing').select(sql`1 / (id - id)`.as('q')).stream()) break;
    },
  ];
  await sql`insert into thing (id) values (1) on conflict do nothing`.execute(open());
  for (const work of works) {
    const [ours, theirs] = [await rejection(work(open())), await rejection(work(openTheirs()))];
    expect(ours).toBeInstanceOf(DatabaseError);
    expect(ours).toMatchObject({ ...(theirs as DatabaseError), message: (theirs as DatabaseError).message });
    expect((ours as DatabaseError).stack).toContain('postgres-dialect.test');
  }
});

test('with the values of the contract it throws the errors of the contract', async () => {
  const error = await rejection(
    sql`insert into thing (id) values (7), (7)`.execute(open({ values: 'portable' })),
  );
  expect(error).toMatchObject({ code: 'unique_violation', cause: { code: '23505' } });
});

test('runs at PostgreSQL’s own isolation level unless another is asked for', async () => {
  const level = sql<{ transaction_isolation: string }>`show transaction_isolation`;
  const levelOf = async (db: Kysely<DB>) => (await level.execute(db)).rows[0]?.transaction_isolation;
  expect(await levelOf(open())).toBe('read committed');
  expect(await open().transaction().execute(levelOf)).toBe('read committed');
  expect(await open().transaction().setIsolationLevel('serializable').execute(levelOf)).toBe('serializable');
  expect(await open({ isolation: 'serializable' }).transaction().execute(levelOf)).toBe('serializable');
});

test('refuses to write in a read-only transaction', async () => {
  const transaction = open().transaction().setAccessMode('read only');
  const error = await rejection(transaction.execute((trx) => sql`delete from thing`.execute(trx)));
  expect(error).toMatchObject({ code: '25006' });
});

test('commits, rolls back and rolls back to a savepoint', async () => {
  const db = open();
  await sql`truncate thing`.execute(db);
  const insert = (target: Kysely<DB>, id: number) =>
    sql`insert into thing (id) values (${id})`.execute(target);
  await db.transaction().execute((trx) => insert(trx, 1));
  await rejection(
    db.transaction().execute(async (trx) => {
      await insert(trx, 2);
      throw new Error('undo');
    }),
  );
  const controlled = await db.startTransaction().execute();
  const after = await controlled.savepoint('here').execute();
  await rejection(insert(after, 1));
  await after.rollbackToSavepoint('here').execute();
  await insert(controlled, 3);
  await controlled.commit().execute();
  expect(await db.selectFrom('thing').select('id').orderBy('id').execute()).toEqual([{ id: 1 }, { id: 3 }]);
});

test('streams any statement that returns rows', async () => {
  const db = open({ poolSize: 1 });
  let count = 0;
  for await (const _ of db
    .selectFrom(sql<{ n: number }>`generate_series(1, 500)`.as('n'))
    .selectAll()
    .stream(50))
    count += 1;
  expect(count).toBe(500);
  for await (const _ of db.deleteFrom('thing').returningAll().stream()) break;
  expect(await db.selectFrom('thing').selectAll().execute()).toEqual([]);
});

test('runs a script of several statements without parameters', async () => {
  const { rows } = await open().executeQuery<{ two: number }>(
    CompiledQuery.raw('select 1 as one; select 2 as two'),
  );
  expect(rows).toEqual([{ two: 2 }]);
});

test('gives the values of the contract when asked to', async () => {
  const db = open({ values: 'portable' });
  const { rows } = await sql`insert into thing (id, big, bytes, day) values (9, 5, '\\x01', '2024-01-01')
    on conflict do nothing returning big, bytes, day`.execute(db);
  expect(rows).toEqual([{ big: 5n, bytes: new Uint8Array([1]), day: '2024-01-01' }]);
});

test('migrates once, however many start together', async () => {
  const fresh = await temporaryPostgresUrl();
  let runs = 0;
  const provider = {
    getMigrations: async () => ({
      '001': {
        up: async (db: Kysely<unknown>) => {
          runs += 1;
          await sql`select pg_sleep(0.05)`.execute(db);
          await db.schema.createTable('made').addColumn('id', 'integer').execute();
        },
      },
    }),
  };
  const outcomes = await Promise.all(
    Array.from({ length: 4 }, () =>
      new Migrator({ db: open({ url: fresh, poolSize: 3 }), provider }).migrateToLatest(),
    ),
  );
  expect(outcomes.map(({ error }) => error)).toEqual([undefined, undefined, undefined, undefined]);
  expect(runs).toBe(1);
  const { rows } = await sql`select count(*) as n from pg_locks where locktype = 'advisory'
    and database = (select oid from pg_database where datname = current_database())`.execute(
    open({ url: fresh }),
  );
  expect(rows).toEqual([{ n: '0' }]);
});

test('opens again after the server was away at first', async () => {
  const away = new Kysely<DB>({ dialect: postgresDialect({ url: 'postgres://app:x@127.0.0.1:1/app' }) });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(await rejection(sql`select 1`.execute(away))).toMatchObject({ code: 'connection_failed' });
  }
});

test('never gives out a connection that is still inside a transaction', async () => {
  const leavesOpen: readonly ((db: Kysely<DB>) => Promise<unknown>)[] = [
    (db) => sql`begin`.execute(db),
    async (db) => {
      await sql`begin`.execute(db);
      await sql`select 1 / 0`.execute(db);
    },
    (db) => db.executeQuery(CompiledQuery.raw('begin; select 1')),
  ];
  for (const leaveOpen of leavesOpen) {
    const db = open({ poolSize: 1 });
    await db
      .connection()
      .execute(leaveOpen)
      .catch(() => undefined);
    // Outside of a transaction each statement has a moment of its own.
    const moment = sql<{ at: string }>`select now()::text as at, pg_sleep(0.002)`;
    const [first, second] = [await moment.execute(db), await moment.execute(db)];
    expect(first.rows[0]?.at).not.toBe(second.rows[0]?.at);
  }
});

test('does not call a transaction committed that PostgreSQL rolled back', async () => {
  const db = open();
  const commit = db.transaction().execute(async (trx) => {
    await sql`insert into thing (id) values (70)`.execute(trx);
    await sql`select 1 / 0`.execute(trx).catch(() => undefined);
  });
  expect(await rejection(commit)).toMatchObject({ code: 'transaction_broken' });
  expect(await db.selectFrom('thing').select('id').where('id', '=', 70).execute()).toEqual([]);
});

test('takes every isolation level that PostgreSQL has, and refuses another', async () => {
  const shown = async (db: Kysely<DB>, level: IsolationLevel) =>
    await db
      .transaction()
      .setIsolationLevel(level)
      .execute(async (trx) => (await sql`show transaction_isolation`.execute(trx)).rows);
  for (const level of ['read committed', 'repeatable read', 'serializable'] as const) {
    expect(await shown(open(), level)).toEqual(await shown(openTheirs(), level));
  }
  // PostgreSQL takes READ UNCOMMITTED and gives READ COMMITTED.
  expect(await shown(open(), 'read uncommitted')).toEqual([{ transaction_isolation: 'read committed' }]);
  expect(await rejection(shown(openTheirs(), 'snapshot'))).toBeInstanceOf(DatabaseError);
  expect(await rejection(shown(open(), 'snapshot'))).toMatchObject({ code: 'unsupported' });
});

test('binds values as Kysely’s own dialect does', async () => {
  const queries = [
    sql`select ${1}::int as a, ${'x'}::text as b, ${true}::boolean as c, ${null}::text as d, ${2n}::bigint as e`,
    sql`select ${new Date(0)}::timestamptz as a, ${new Date(0)}::timestamp as b, ${Buffer.from([0, 255])}::bytea as c`,
    sql`select ${[1, null, 3]}::int[] as a, ${['a', 'b"c', null]}::text[] as b, ${[[1], [2]]}::int[] as c, ${[]}::int[] as d`,
    sql`select ${{ a: [1, null] }}::jsonb as a, ${JSON.stringify([1])}::json as b, ${undefined}::text as c`,
    sql`select ${new Point(1, 2)}::jsonb as a, ${[new Point(1, 2), { a: [1] }, null]}::jsonb[] as b, ${new Literal('1,2')}::point as c`,
    sql`select ${[new Date(0)]}::timestamptz[] as a, ${[Buffer.from([0, 255])]}::bytea[] as b, ${new Uint16Array([1])}::bytea as c`,
    sql`select ${Number.NaN}::float8 as a, ${-0}::float8 as b, ${Number.POSITIVE_INFINITY}::float8 as c, ${1.5e300}::float8 as d`,
    sql`select 'infinity'::timestamptz as a, '0044-03-15 BC'::timestamptz as b, 'NaN'::numeric as c, point(1, 2) as d, '[1,3)'::int4range as e`,
    sql`select 1 as same, 2 as same`,
  ];
  const [ours, theirs] = [open(), openTheirs()];
  for (const query of queries) {
    expect((await query.execute(ours)).rows).toStrictEqual((await query.execute(theirs)).rows);
  }
});

test.each(['native', 'portable'] as const)(
  'with %s values, stores arguments as they were when the query was executed',
  async (values) => {
    const db = open({ values });
    await db.deleteFrom('thing').execute();
    const [bytes, moment] = [Buffer.from([1]), new Date(1000)];
    const [list, nested] = [[1], new Point(1, 2)];
    const docs = [{ list }, { nested: [nested] }, new Point(1, 2)] as const;
    const work = docs.map((doc, id) =>
      sql`insert into thing (id, bytes, doc, moment) values (${id}, ${bytes}, ${doc}, ${moment})`.execute(db),
    );
    bytes.fill(2);
    moment.setTime(2000);
    list.push(2);
    for (const point of [nested, docs[2]]) point.x = 7;
    await Promise.all(work);
    const stored = sql`select encode(bytes, 'hex') as bytes, doc::text, extract(epoch from moment)::int as moment from thing order by id`;
    const { rows } = await stored.execute(db);
    const others = { bytes: '01', moment: 1 };
    expect(rows).toEqual([
      { ...others, doc: '{"list": [1]}' },
      { ...others, doc: '{"nested": [{"x": 1, "y": 2}]}' },
      { ...others, doc: '{"x": 1, "y": 2}' },
    ]);
  },
);

test('with native values, stores the members of arrays as they were when the query was executed', async () => {
  const [point, bytes] = [new Point(1, 2), Buffer.from([1])];
  const work = sql`select ${[[point]]}::jsonb[] as points, ${[bytes]}::bytea[] as bytes`.execute(open());
  point.x = 7;
  bytes.fill(2);
  expect((await work).rows).toEqual([{ points: [[{ x: 1, y: 2 }]], bytes: [Buffer.from([1])] }]);
});

/** An object that is sent as JSON. */
class Point {
  x: number;
  y: number;

  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}

/** An object that `pg` converts by its own method. */
class Literal {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toPostgres(): string {
    return this.#text;
  }
}
