import { ConstraintError } from '@sluice/core';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection, runIn } from '@sluice/testkit/driver-tests';
import { beforeAll, expect, test } from 'vitest';
import { openDatabase, untilPool } from './opened-database.js';

let url: string;

beforeAll(async () => {
  url = await temporaryPostgresUrl();
  const { run, database } = await openDatabase({ url });
  await run('create extension if not exists btree_gist');
  await run('create table artist (id integer primary key, name text not null)');
  await run(`create table album (artist_id integer references artist, title text, year integer, "from" integer, "to" integer,
    constraint album_key primary key (title, artist_id),
    constraint album_year check (year > 1900 and "to" > 0),
    constraint album_span exclude using gist (year with =, int4range("from", "to") with &&))`);
  await run('create unique index album_lower on album (lower(title), year)');
  await run('create unique index album_year_key on album (year, "from") include (title)');
  await run(
    'create table track (album text, artist integer, constraint track_album foreign key (album, artist) references album on delete restrict)',
  );
  await run(`insert into artist values (1, 'a')`);
  await run(`insert into album values (1, 'x', 2000, 1, 5)`);
  await run(`insert into track values ('x', 1)`);
  await database.close();
});

const VIOLATIONS = [
  ['unique_violation', `insert into artist values (1, 'b')`, 'artist', ['id'], 'artist_pkey'],
  [
    'unique_violation',
    `insert into album values (1, 'x', 2001, 1, 5)`,
    'album',
    ['title', 'artist_id'],
    'album_key',
  ],
  [
    'unique_violation',
    `insert into album values (1, 'y', 2000, 1, 1)`,
    'album',
    ['year', 'from'],
    'album_year_key',
  ],
  ['unique_violation', `insert into album values (1, 'X', 2000, 7, 9)`, 'album', ['year'], 'album_lower'],
  ['unique_violation', `insert into album values (1, 'z', 2000, 2, 3)`, 'album', ['year'], 'album_span'],
  ['not_null_violation', 'insert into artist values (2, null)', 'artist', ['name'], undefined],
  ['check_violation', `insert into album values (1, 'z', 1, 2, 3)`, 'album', ['year', 'to'], 'album_year'],
  [
    'foreign_key_violation',
    `insert into album values (9, 'z', 2001, 2, 3)`,
    'album',
    ['artist_id'],
    'album_artist_id_fkey',
  ],
  ['foreign_key_violation', 'delete from artist', 'album', ['artist_id'], 'album_artist_id_fkey'],
  ['foreign_key_violation', 'delete from album', 'track', ['album', 'artist'], 'track_album'],
] as const;

test.each(VIOLATIONS)(
  'tells table, columns and constraint of a %s: %s',
  async (code, sql, table, columns, constraint) => {
    const { database, run } = await openDatabase({ url });
    const single = await rejection(run(sql));
    expect(single).toBeInstanceOf(ConstraintError);
    expect(single).toMatchObject({ code, retryable: false, table, columns, constraint });
    expect((single as Error).cause).toBeInstanceOf(Error);
    const transaction = await database.begin({ access: 'write' });
    expect(await rejection(runIn(transaction, sql))).toMatchObject({ code, table, columns, constraint });
    await transaction.rollback();
  },
);

test('finds the columns inside a failed transaction too, when nobody looked before', async () => {
  const { database } = await openDatabase({ url, poolSize: 1 });
  const transaction = await database.begin({ access: 'write' });
  const error = await rejection(runIn(transaction, `insert into artist values (1, 'b')`));
  expect(error).toMatchObject({ code: 'unique_violation', columns: ['id'] });
  await transaction.rollback();
  await untilPool({ database }, 1, 1);
});

test('maps what RAISE raises in a trigger to a check violation', async () => {
  const { run } = await openDatabase({ url });
  const error = await rejection(run(`do $$ begin raise exception 'no'; end $$`));
  expect(error).toMatchObject({ code: 'check_violation' });
});

test.each([
  ['unknown_table', 'select * from nowhere', 'nowhere'],
  ['unknown_column', 'select nothing from artist', 'nothing'],
  ['invalid_query', 'selec 1', '42601'],
  ['invalid_query', 'select no_such_function()', 'no_such_function'],
  ['invalid_query', 'select 1 / 0', 'zero'],
  ['invalid_value', `select 'a'::integer`, ''],
  ['invalid_value', 'select 2147483648::integer', ''],
  ['invalid_value', `insert into artist values (99999999999, 'x')`, ''],
  ['unsupported', 'select count(*) from artist for update', ''],
])('maps to %s: %s', async (code, sql, hint) => {
  const { run } = await openDatabase({ url });
  const error = await rejection(run(sql));
  expect(error).toMatchObject({ code });
  expect(String(error)).toContain(hint);
});

test('says so when the role may not', async () => {
  const { url: base, run } = await openDatabase({ url });
  const role = `limited_${Math.random().toString(36).slice(2)}`;
  await run(`create role ${role} login password 'p'`);
  const limited = new URL(base);
  limited.username = role;
  limited.password = 'p';
  const { run: runLimited, database } = await openDatabase({ url: limited.href });
  expect(await rejection(runLimited('select * from artist'))).toMatchObject({
    code: 'invalid_configuration',
  });
  await database.close();
  await run(`drop role ${role}`);
});
