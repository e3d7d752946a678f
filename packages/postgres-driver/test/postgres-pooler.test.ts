import { type DatabaseWarning, openStorage, SluiceError, type Storage } from '@sluice/core';
import { type PostgresOptions, postgres, postgresDialect } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection } from '@sluice/testkit/driver-tests';
import { Kysely, sql } from 'kysely';
import { DatabaseError } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { pgbouncerVersion, startPgbouncer } from './own-pgbouncer.js';
import { type RelayMode, startPoolerRelay } from './pooler-relay.js';

interface Tables {
  readonly t: { readonly id: number; readonly n: number };
}

const opened: Storage<Tables>[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((storage) => storage.close()));
});

/** Opens a storage and gives the warnings that this raises. */
async function open(
  url: string,
  options: PostgresOptions,
): Promise<{ url: string; storage: Storage<Tables>; warnings: readonly DatabaseWarning[] }> {
  const storage = await openStorage<Tables>({ url, drivers: [postgres(options)] });
  opened.push(storage);
  const warnings: DatabaseWarning[] = [];
  storage.on('warning', (warning) => warnings.push(warning));
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  return { url, storage, warnings };
}

/** A way to put a pooler ahead of a server; gives the URL through it. */
type StartPooler = (url: string, mode: Exclude<RelayMode, 'transparent'>) => Promise<string>;

function cases(start: StartPooler, keepsStatements: boolean): void {
  test('in transaction mode it is refused, unless the options name it', async () => {
    const url = await start(await temporaryPostgresUrl(), 'transaction');
    const error = await rejection(open(url, {}));
    expect(error).toMatchObject({ code: 'invalid_configuration' });
    expect(String(error)).toContain("pooler: 'transaction'");
    expect(await rejection(open(url, { prepare: false }))).toMatchObject({ code: 'invalid_configuration' });
    const { storage, warnings } = await open(url, { pooler: 'transaction' });
    expect(warnings).toEqual([]);
    const { rows } = await sql`select 1 as one`.execute(storage.kysely);
    expect(rows).toEqual([{ one: 1 }]);
  });

  test('in transaction mode the dialect refuses it too', async () => {
    const url = await start(await temporaryPostgresUrl(), 'transaction');
    const kysely = new Kysely<Tables>({ dialect: postgresDialect({ url }) });
    expect(await rejection(sql`select 1`.execute(kysely))).toMatchObject({ code: 'invalid_configuration' });
    await kysely.destroy();
  });

  test('in transaction mode prepared statements are refused where it does not keep them', async () => {
    const direct = await temporaryPostgresUrl();
    const url = await start(direct, 'transaction');
    const opening = open(url, { pooler: 'transaction', prepare: true });
    if (keepsStatements) {
      expect((await opening).warnings).toEqual([]);
    } else {
      const error = await rejection(opening);
      expect(error).toMatchObject({ code: 'invalid_configuration' });
      expect(String(error)).toContain('max_prepared_statements');
    }
    const left = await open(url, { pooler: 'transaction' });
    const { rows } = await sql`select name from pg_prepared_statements where name = 'sluice_probe'`.execute(
      left.storage.kysely,
    );
    expect(rows).toEqual([]);
  });

  test('in session mode there is one warning, unless the options name it', async () => {
    const url = await start(await temporaryPostgresUrl(), 'session');
    const { storage, warnings } = await open(url, { poolSize: 3 });
    await Promise.all(
      [1, 2, 3].map(() => storage.read((tx) => sql`select pg_sleep(0.05)`.execute(tx.kysely))),
    );
    expect(warnings.map(({ code }) => code)).toEqual(['unnamed_pooler']);
    expect((await open(url, { poolSize: 3, pooler: 'session' })).warnings).toEqual([]);
  });

  test('in session mode statements are prepared', async () => {
    const url = await start(await temporaryPostgresUrl(), 'session');
    const { storage } = await open(url, { pooler: 'session', poolSize: 1 });
    await sql`create table t (id integer primary key, n integer)`.execute(storage.kysely);
    for (let id = 0; id < 6; id += 1) await storage.repository('t', { key: 'id' }).insert({ id, n: id });
    const { rows } = await sql<{ name: string }>`
      select name from pg_prepared_statements where statement like 'insert%'`.execute(storage.kysely);
    expect(rows).toEqual([{ name: expect.stringMatching(/^sluice_[0-9a-f]{40}$/) }]);
  });
}

describe('a pooler that keeps no prepared statements', () => {
  cases(async (url, mode) => (await startPoolerRelay(url, mode)).url, false);
});

test('a server without a pooler is not taken for one', async () => {
  const url = await temporaryPostgresUrl();
  expect((await open(url, {})).warnings).toEqual([]);
  expect((await open((await startPoolerRelay(url)).url, {})).warnings).toEqual([]);
  expect((await open(url, { pooler: 'transaction', prepare: true })).warnings).toEqual([]);
});

const version = pgbouncerVersion();

if (version === undefined) {
  test.skip('NOT TESTED: PgBouncer, because none is installed (apt-get install pgbouncer)', () => {});
} else {
  const isNew = Number(version.split('.')[1]) >= 21;
  const settings = ['default_pool_size = 5', ...(isNew ? ['max_prepared_statements = 100'] : [])];
  describe(`PgBouncer ${version}`, () => {
    cases((url, mode) => startPgbouncer(url, [`pool_mode = ${mode}`, ...settings]), isNew);
  });
}

test('the name of a prepared statement follows from its text', async () => {
  const direct = await temporaryPostgresUrl();
  const namesIn = async (values: readonly number[]): Promise<readonly unknown[]> => {
    const { kysely } = (await open(direct, { poolSize: 1 })).storage;
    for (const value of values)
      for (let use = 0; use < 4; use += 1) await sql.raw(`select ${value} as one`).execute(kysely);
    const { rows } = await sql`select name, statement from pg_prepared_statements
      where statement like 'select _ as one' order by statement`.execute(kysely);
    return rows;
  };
  const names = await namesIn([1, 2]);
  expect(names).toHaveLength(2);
  expect(await namesIn([2, 1])).toEqual(names);
});

test('even where the options are wrong, no other statement runs than the one that was meant', async () => {
  const direct = await open(await temporaryPostgresUrl(), {});
  await sql`create table t (id integer primary key, n integer)`.execute(direct.storage.kysely);
  const t = direct.storage.repository('t', { key: 'id' });
  await t.insertMany(Array.from({ length: 160 }, (_, id) => ({ id, n: 0 })));
  const { url } = await startPoolerRelay(direct.url, 'transaction');
  const [first, second] = [await open(url, WRONG), await open(url, WRONG)];
  const outcomes = await Promise.all([
    everyCode(80, (id) => first.storage.repository('t', { key: 'id' }).update(id, { n: 1 })),
    everyCode(80, (id) =>
      second.storage.kysely
        .deleteFrom('t')
        .where('id', '=', 80 + id)
        .execute(),
    ),
  ]);
  const told = outcomes.flat().filter((code) => code !== 'done');
  // 25006: the session is one that another client has set to read only.
  expect(told.filter((code) => code !== 'invalid_configuration' && code !== '25006')).toEqual([]);
  const rows = new Map((await t.find()).map(({ id, n }) => [id, n]));
  for (let id = 0; id < 80; id += 1) {
    expect(rows.get(id)).toBe(outcomes[0]?.[id] === 'done' ? 1 : 0);
    expect(rows.get(80 + id)).toBe(outcomes[1]?.[id] === 'done' ? undefined : 0);
  }
});

/** Says that each connection keeps its session, which is not so. */
const WRONG: PostgresOptions = { pooler: 'session', poolSize: 2, coalesce: false };

/** The code of an error; SQLSTATE where the server refused to write. */
function codeOf(error: unknown): string {
  if (!(error instanceof SluiceError)) return String(error);
  return error.cause instanceof DatabaseError && error.cause.code === '25006' ? '25006' : error.code;
}

async function everyCode(count: number, work: (n: number) => Promise<unknown>): Promise<string[]> {
  const codes: string[] = [];
  for (let n = 0; n < count; n += 1) {
    codes.push(await work(n).then(() => 'done', codeOf));
  }
  return codes;
}
