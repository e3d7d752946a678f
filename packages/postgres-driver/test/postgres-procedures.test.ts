import { CommitUnknownError } from '@sluice/core';
import { type OpenedDatabase, rejection, until } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';
import { openTables } from './opened-storage.js';

let opened: OpenedDatabase;

/** A procedure that stores a line, commits it and then does `what`. */
const committing = (name: string, what: string): string =>
  `create procedure ${name}(x text) language plpgsql as $$ begin insert into line values (x); commit; ${what} end $$`;

const SCHEMA = [
  'create table line (x text)',
  'create table once (x text primary key)',
  committing('divide', 'perform 1/0;'),
  committing('misspelt', "execute 'select nothing from nowhere';"),
  committing('conflicting', "raise exception 'x' using errcode = '40001';"),
  committing('locked', "raise exception 'x' using errcode = '55P03';"),
  committing('duplicate', "insert into once values ('a'), ('a');"),
  committing('too_long', "perform 'abc'::text::char(1)::varchar(1), repeat('x', 2)::int;"),
  committing('slow', 'perform pg_sleep(60);'),
];

beforeEach(async () => {
  const { url } = await openTables(SCHEMA);
  opened = await openDatabase({ url });
});

const linesOf = async (x: string): Promise<number> => {
  const [row] = await opened.rows('select count(*)::integer as n from line where x = $1', [x]);
  return Number(row?.n);
};

test.each([
  ['divide', 'invalid_query'],
  ['misspelt', 'unknown_table'],
  ['conflicting', 'commit_unknown'],
  ['locked', 'commit_unknown'],
  ['duplicate', 'unique_violation'],
  ['too_long', 'invalid_value'],
])('runs a procedure that commits and then fails once, also where it is prepared: %s', async (name, code) => {
  const { url } = opened;
  const { storage } = await openTables([], { url, poolSize: 1 });
  for (let call = 1; call <= 6; call += 1) {
    const x = `${name}${call}`;
    const error = await rejection(sql`call ${sql.ref(name)}(${x})`.execute(storage.kysely));
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toContain('nothing was stored');
    expect(await linesOf(x)).toBe(1);
  }
  expect(storage.metrics().replays).toEqual({});
});

test('says that the outcome of a procedure is unknown that a comment hides and the deadline ends', async () => {
  const call = opened.run("-- slowly\n/* and */ call slow('late')", [], {
    access: 'unknown',
    deadline: performance.now() + 1000,
  });
  const error = await rejection(call);
  expect(error).toBeInstanceOf(CommitUnknownError);
  expect(error).toMatchObject({ retryable: false, cause: { code: 'timeout' } });
  expect(await linesOf('late')).toBe(1);
});

test('says that the outcome of a procedure is unknown that the server ends with its session', async () => {
  const victim = await openDatabase({ url: opened.url, applicationName: 'victim' });
  const error = rejection(victim.run("call slow('ended')", [], { access: 'unknown' }));
  await until(async () => (await linesOf('ended')) === 1);
  await opened.run(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim'",
  );
  expect(await error).toMatchObject({ code: 'commit_unknown', cause: { cause: { code: '57P01' } } });
});

test('says that the outcome of a DO block is unknown that commits and meets a conflict', async () => {
  const text = `do $$ begin insert into line values ('done'); commit; raise exception 'x' using errcode = '40P01'; end $$`;
  const { storage } = await openTables([], { url: opened.url });
  expect(await rejection(sql.raw(text).execute(storage.kysely))).toMatchObject({ code: 'commit_unknown' });
  expect(await linesOf('done')).toBe(1);
});
