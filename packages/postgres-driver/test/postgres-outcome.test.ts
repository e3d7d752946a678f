import { openStorage, SluiceError, type Storage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { until } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type FaultMoment, type FaultShape, type PoolerRelay, startPoolerRelay } from './pooler-relay.js';

vi.setConfig({ testTimeout: 60_000 });

interface Tables {
  readonly entry: { readonly id: string };
  readonly counter: { readonly id: string; readonly n: number };
  readonly line: { readonly id: string };
  readonly timed: { readonly id: string; readonly at?: Date };
}

const SCHEMA = [
  'create table entry (id text primary key)',
  'create table counter (id text primary key, n integer not null)',
  'create table line (id text)',
  'create table timed (id text primary key, at timestamptz)',
  `create procedure note(id text) language plpgsql as
    $$ begin insert into line values (id); commit; perform 1; end $$`,
];

/** The errors that poolers make, in the words of their sources, and a network that ends. */
const SHAPES: Readonly<Record<string, FaultShape>> = {
  'PgBouncer: server conn crashed?': { fields: { S: 'FATAL', C: '08P01', M: 'server conn crashed?' } },
  'PgBouncer: query_timeout': { fields: { S: 'FATAL', C: '08P01', M: 'query_timeout' } },
  'PgBouncer: the code of a failed login': {
    fields: { S: 'FATAL', C: '57P01', M: 'terminating connection due to administrator command' },
  },
  'Supavisor: shutdown': {
    fields: { S: 'FATAL', V: 'FATAL', C: '57P01', M: 'terminating connection due to administrator command' },
  },
  'Odyssey: the server is lost': { fields: { S: 'FATAL', C: '08006', M: 'server connection lost' } },
  'pgcat: the pool, which keeps the connection': {
    fields: { S: 'FATAL', V: 'FATAL', C: '58000', M: 'could not get connection from the pool' },
    isKept: true,
  },
  'a proxy: an error that keeps the connection': {
    fields: { S: 'ERROR', C: '57014', M: 'statement timeout' },
    isKept: true,
  },
  'the network': {},
};

const MOMENTS: readonly FaultMoment[] = ['unsent', 'running', 'answered'];

/** One kind of call that writes. */
interface Kind {
  /** The request that the fault happens to. Default: the first that has the id. */
  readonly at?: RegExp;
  run(storage: Storage<Tables>, id: string): Promise<unknown>;
  /** Whether it is made again after a fault, because its COMMIT was not sent. */
  readonly isReplayed?: boolean;
}

const COMMIT = /^Q....commit\0/s;

/** The rows of a statement that has not run yet are decoded before its COMMIT. */
function insertTimed({ kysely }: Storage<Tables>, id: string): Promise<unknown> {
  return sql.raw(`insert into timed (id) values ('${id}') returning *`).execute(kysely);
}

async function insertIn(storage: Storage<Tables>, id: string): Promise<void> {
  await storage.write((tx) => tx.repository('entry', { key: 'id' }).insert({ id }));
}

function runBatch(storage: Storage<Tables>, id: string): Promise<unknown> {
  const { kysely } = storage;
  return storage.batch([
    kysely.insertInto('entry').values({ id }),
    kysely.updateTable('counter').set({ n: sql`n + 1` }).where('id', '=', id),
  ]);
}

const KINDS: Readonly<Record<string, Kind>> = {
  'an INSERT': { run: ({ kysely }, id) => kysely.insertInto('entry').values({ id }).execute() },
  'an UPDATE': {
    run: ({ kysely }, id) =>
      kysely.updateTable('counter').set({ n: sql`n + 1` }).where('id', '=', id).execute(),
  },
  'raw SQL': { run: ({ kysely }, id) => sql`insert into line values (${id})`.execute(kysely) },
  'repository.insert': { run: (storage, id) => storage.repository('entry', { key: 'id' }).insert({ id }) },
  'COPY of many rows': {
    run: (storage, id) =>
      storage
        .repository('entry', { key: 'id' })
        .insertMany(Array.from({ length: 250 }, (_, n) => ({ id: `${id}-${n}` }))),
  },
  CALL: { run: ({ kysely }, id) => sql`call note(${id})`.execute(kysely) },
  DO: {
    run: ({ kysely }, id) =>
      sql.raw(`do $$ begin insert into line values ('${id}'); commit; end $$`).execute(kysely),
  },
  'a statement that is decoded before its COMMIT': { run: insertTimed, isReplayed: true },
  'the COMMIT of a statement that is decoded before': { at: COMMIT, run: insertTimed },
  'a statement of write': { run: insertIn, isReplayed: true },
  'the COMMIT of write': { at: COMMIT, run: insertIn },
  'a statement of batch': { run: runBatch, isReplayed: true },
  'the COMMIT of batch': { at: COMMIT, run: runBatch },
  'the COMMIT of a Kysely transaction': {
    at: COMMIT,
    run: ({ kysely }, id) =>
      kysely.transaction().execute((tx) => tx.insertInto('entry').values({ id }).execute()),
  },
};

/** How many times a call was executed, once the server has finished with it: the rows of every table, each in units of one execution. */
async function executions(observer: Storage<Tables>, id: string): Promise<readonly number[]> {
  const { rows } = await sql<{ n: string }>`
    select count(*) / case when count(*) filter (where id <> ${id}) > 0 then 250.0 else 1 end as n from entry
    where id = ${id} or id like ${`${id}-%`} having count(*) > 0
    union all select n from counter where id = ${id} and n > 0
    union all select count(*) from line where id = ${id} having count(*) > 0
    union all select count(*) from timed where id = ${id} having count(*) > 0`.execute(observer.kysely);
  return rows.map(({ n }) => Number(n));
}

async function outcomeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => (error instanceof SluiceError ? error.code : String(error)),
  );
}

interface Stage {
  readonly observer: Storage<Tables>;
  readonly storage: Storage<Tables>;
  readonly relay: PoolerRelay;
}

const stage = await openStage();

async function openStage(): Promise<Stage> {
  const url = await temporaryPostgresUrl();
  const observer = await openStorage<Tables>({ url, drivers: [postgres()] });
  for (const statement of SCHEMA) await sql.raw(statement).execute(observer.kysely);
  const relay = await startPoolerRelay(url);
  const storage = await openStorage<Tables>({ url: relay.url, drivers: [postgres({ poolSize: 2 })] });
  // A write that returns rows is decoded before its COMMIT the first time.
  const entries = storage.repository('entry', { key: 'id' });
  await entries.insert({ id: 'first' });
  await Promise.all(['second', 'third'].map((id) => entries.insert({ id })));
  return { observer, storage, relay };
}

afterAll(async () => {
  await stage.storage.close();
  await stage.observer.close();
});

async function runCase(id: string, kind: Kind, moment: FaultMoment, shape: FaultShape) {
  const { observer, storage, relay } = stage;
  await observer.repository('counter', { key: 'id' }).insert({ id, n: 0 });
  relay.fault = { pattern: kind.at ?? new RegExp(`${id}`), moment, shape };
  const outcome = await outcomeOf(kind.run(storage, id));
  await until(async () => relay.isQuiet);
  expect(relay.fault, 'the fault has not happened').toBeUndefined();
  return { outcome, executed: await executions(observer, id) };
}

/** Makes the ids of all cases differ. */
let number = 0;

describe.each(Object.entries(SHAPES))('%s', (_, shape) => {
  test('no write is executed twice, and none that was executed is said not to be', async () => {
    const wrong: unknown[] = [];
    const before = number;
    for (const [name, kind] of Object.entries(KINDS)) {
      for (const moment of MOMENTS) {
        number += 1;
        const { outcome, executed } = await runCase(`case${number}x`, kind, moment, shape);
        const times = executed.length === 0 ? 0 : Math.max(...executed);
        const expected = kind.isReplayed ? ['done', 1] : ['commit_unknown', moment === 'unsent' ? 0 : 1];
        if (outcome !== expected[0] || times !== expected[1]) wrong.push({ name, moment, outcome, executed });
      }
    }
    expect(wrong).toEqual([]);
    expect(number - before).toBe(42);
  });

  test('inserts that are combined are each told that their outcome is unknown', async () => {
    const { observer, storage, relay } = stage;
    const entries = storage.repository('entry', { key: 'id' });
    for (const moment of MOMENTS) {
      number += 1;
      const ids = ['a', 'b', 'c', 'd'].map((letter) => `joined${number}${letter}`);
      relay.fault = { pattern: new RegExp(`joined${number}b`), moment, shape };
      const outcomes = await Promise.all(ids.map((id) => outcomeOf(entries.insert({ id }))));
      await until(async () => relay.isQuiet);
      expect(relay.fault).toBeUndefined();
      const stored = await Promise.all(ids.map((id) => executions(observer, id)));
      expect(stored.flat().every((n) => n === 1)).toBe(true);
      // A call that ran by itself before the others were combined is done.
      const wrong = ids.filter(
        (_id, n) => outcomes[n] !== 'commit_unknown' && !(outcomes[n] === 'done' && stored[n]?.[0] === 1),
      );
      expect(wrong).toEqual([]);
      expect(outcomes).toContain('commit_unknown');
    }
  });

  test('reads are made again', async () => {
    const { observer, storage, relay } = stage;
    number += 1;
    const id = `there${number}`;
    await observer.repository('entry', { key: 'id' }).insert({ id });
    for (const moment of MOMENTS) {
      relay.fault = { pattern: new RegExp(id), moment, shape };
      expect(await storage.repository('entry', { key: 'id' }).get(id)).toEqual({ id });
      expect(relay.fault).toBeUndefined();
    }
  });
});
