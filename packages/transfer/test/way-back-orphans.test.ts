import { existsSync } from 'node:fs';
import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { queryValues } from '@sluice/testkit/postgres-server';
import { type TransferBackOptions, type TransferReport, transferBack } from '@sluice/transfer';
import Sqlite from 'better-sqlite3';
import type { Kysely } from 'kysely';
import { describe, expect, it } from 'vitest';

const SHOP = `
  create table customer (id integer primary key, name text);
  insert into customer values (1, 'Ada'), (2, 'Bo');
  create table orders (id integer primary key, customer integer, note text, r double precision);
  insert into orders values (1, 1, 'kept', 1), (2, 9, 'nobody''s', '-0'), (3, null, 'no one', 3), (4, 8, null, null);
  alter table orders add constraint orders_customer foreign key (customer) references customer not valid`;

/** With the keys checked by no trigger, as a restore or a replication leaves them. */
const UNCHECKED = `set session_replication_role = replica;`;

describe('foreign keys that point nowhere, on the way back', () => {
  it('stand against it by default: nothing is written', async () => {
    const to = await database(SHOP);
    const refused = await transferBack({ ...to, policies: { 'out-of-range': 'convert:to-null' } });
    expect(refused.outcome).toBe('refused');
    expect(orphans(refused)).toEqual([['orders', 'customer', 2, ['id = 2', 'id = 4'], undefined]]);
    expect([existsSync(to.target), existsSync(`${to.target}.partial`)]).toEqual([false, false]);
  });

  it('go into quarantine whole, each with its reason, and the rest is verified', async () => {
    const to = await database(SHOP);
    const policies = { orphan: 'quarantine', 'out-of-range': 'convert:to-null' } as const;
    const moved = await transferBack({ ...to, policies });
    expect(moved).toMatchObject({ outcome: 'done', untranslated: [] });
    expect(orphans(moved)).toEqual([['orders', 'customer', 2, ['id = 2', 'id = 4'], 'quarantine']]);
    expect(moved.tables).toMatchObject([
      { table: 'customer', rows: 2, quarantined: 0 },
      { rows: 2, quarantined: 2 },
    ]);
    expect(moved.verified.map(({ isEqual, rows }) => [isEqual, rows])).toEqual([
      [true, 2],
      [true, 2],
    ]);
    expect(read(to, 'select id from orders order by id')).toEqual([[1], [3]]);
    expect(quarantine(to)).toEqual([
      ['orders', 'id = 2', 'customer', 'orphan', { id: '2', customer: '9', note: "nobody's", r: '-0' }],
      ['orders', 'id = 4', 'customer', 'orphan', { id: '4', customer: '8', note: null, r: null }],
    ]);
    expect(read(to, 'pragma foreign_key_check')).toEqual([]);
  });

  it('are none where a part of the key is NULL; a table and a column may have policies of their own', async () => {
    const to = await database(`
      create table place (a integer, b numeric(20, 2), primary key (a, b)); insert into place values (1, 1.5);
      create table visit (id integer primary key, a integer, b numeric, note varchar(9), other integer references visit);
      ${UNCHECKED}
      alter table visit add constraint visit_place foreign key (a, b) references place;
      insert into visit values (1, 1, 1.50, 'there', null), (2, 1, null, 'half', 1), (3, null, 9, 'half', null), (4, 1, 2, 'nowhere', null),
        (5, 1, 1.50, 'there', 77)`);
    expect(orphans(await transferBack(to))).toEqual([
      ['visit', 'other', 1, ['id = 5'], undefined],
      ['visit', 'a, b', 1, ['id = 4'], undefined],
    ]);
    const policies = { 'orphan@visit': 'quarantine', 'orphan@visit.other': 'fail' } as const;
    const refused = await transferBack({ ...to, policies });
    expect(refused.outcome).toBe('refused');
    expect(orphans(refused)).toEqual([
      ['visit', 'other', 1, ['id = 5'], undefined],
      ['visit', 'a, b', 1, ['id = 4'], 'quarantine'],
    ]);
    expect(await transferBack({ ...to, policies: { 'orphan@visit': 'quarantine' } })).toMatchObject({
      outcome: 'done',
    });
    expect(read(to, 'select id from visit order by id')).toEqual([[1], [2], [3]]);
    expect(quarantine(to).map(([, key, column]) => [key, column])).toEqual([
      ['id = 4', 'a, b'],
      ['id = 5', 'other'],
    ]);
  });

  it('take with them into quarantine the rows that refer to them, in chains, circles and other tables', async () => {
    const to = await database(`
      ${UNCHECKED}
      create table node (id integer primary key, up integer references node, id_of text);
      insert into node values (1, null, 'root'), (2, 1, 'kept'), (10, 999, 'nowhere'), (11, 10, 'below'), (12, 11, 'below that');
      insert into node select i, i - 1, 'deep' from generate_series(13, 300) i;
      insert into node values (500, 501, 'a circle that is whole'), (501, 500, 'stays');
      create table a (id bigint primary key, b bigint);
      create table b (id bigint primary key, a bigint references a, node integer references node);
      alter table a add foreign key (b) references b;
      insert into a values (1, 1), (2, 2), (3, null), (4, 4); insert into b values (1, 1, 300), (2, 2, 2), (4, 4, 777), (5, 4, null)`);
    const moved = await transferBack({ ...to, policies: { orphan: 'quarantine' } });
    expect(moved.outcome).toBe('done');
    expect(orphans(moved).map(([table, column, count]) => [table, column, count])).toEqual([
      ['a', 'b', 2],
      ['b', 'a', 3],
      ['b', 'node', 2],
      ['node', 'up', 291],
    ]);
    expect(read(to, 'select id from node order by id')).toEqual([[1], [2], [500], [501]]);
    expect(read(to, 'select id from a order by id')).toEqual([[2], [3]]);
    expect(read(to, 'select id from b order by id')).toEqual([[2]]);
    expect(
      quarantine(to)
        .map(([table, key, column]) => [table, key, column])
        .slice(0, 5),
    ).toEqual([
      ['a', 'id = 1', 'b'],
      ['a', 'id = 4', 'b'],
      ['b', 'id = 1', 'a; node'],
      ['b', 'id = 4', 'a; node'],
      ['b', 'id = 5', 'a'],
    ]);
    expect(quarantine(to)).toHaveLength(2 + 3 + 291);
  });

  it('are found where a policy for values takes the row, or the key, that they refer to', async () => {
    const to = await database(`
      create table parent (id integer primary key, code numeric unique, r double precision);
      insert into parent values (1, 1, 'NaN'), (2, 'NaN', 2), (3, 3, 3);
      create table child (id integer primary key, parent integer references parent, code numeric references parent (code));
      insert into child values (1, 1, null), (2, 2, 3), (3, null, 1), (4, 3, 3)`);
    const values = {
      'out-of-range@parent.r': 'quarantine',
      'out-of-range@parent.code': 'convert:to-null',
    } as const;
    const refused = await transferBack({ ...to, policies: values });
    expect(refused.outcome).toBe('refused');
    expect(orphans(refused)).toEqual([
      ['child', 'code', 1, ['id = 3'], undefined],
      ['child', 'parent', 1, ['id = 1'], undefined],
    ]);
    expect(await transferBack({ ...to, policies: { ...values, orphan: 'quarantine' } })).toMatchObject({
      outcome: 'done',
    });
    expect(read(to, 'select id from child order by id')).toEqual([[2], [4]]);
    expect(quarantine(to).map((row) => row.slice(0, 4))).toEqual([
      ['child', 'id = 1', 'parent', 'orphan'],
      ['child', 'id = 3', 'code', 'orphan'],
      ['parent', 'id = 1', 'r', 'out-of-range'],
    ]);
  });

  it('are kept under a key that is declared with convert:not-valid, and the report says so', async () => {
    const to = await database(`${SHOP}; ${UNCHECKED} update orders set r = 0`);
    const kept = await transferBack({ ...to, policies: { orphan: 'convert:not-valid' } });
    expect(kept.outcome).toBe('done');
    expect(kept.findings).toMatchObject([
      {
        kind: 'orphan',
        count: 2,
        settledBy: 'convert:not-valid',
        message: expect.stringContaining('PRAGMA foreign_key_check'),
      },
    ]);
    expect(kept.verified.map(({ isEqual, rows }) => [isEqual, rows])).toEqual([
      [true, 2],
      [true, 4],
    ]);
    expect(read(to, 'pragma foreign_key_check')).toEqual([
      ['orders', 2, 'customer', 0],
      ['orders', 4, 'customer', 0],
    ]);
    expect(read(to, `select count(*) from sqlite_schema where name = 'sluice_quarantine'`)).toEqual([[0]]);
    const rebuild = (): Promise<unknown> => makeNotNull(to);
    await expect(rebuild()).rejects.toMatchObject({
      cause: { code: 'foreign_key_violation', table: 'orders' },
    });
    const file = new Sqlite(to.target);
    file.exec('update orders set customer = null where customer > 2');
    file.close();
    expect(await rebuild()).toHaveLength(1);
  });

  it('are found whatever the tables and columns are called', async () => {
    const to = await database(`
      create table parent (content text primary key, "child" text);
      insert into parent values ('it''s', 'a');
      create table child (content integer primary key, parent text references parent, "relation" text, "o'r""phan" text, columns text);
      ${UNCHECKED}
      insert into child values (1, 'it''s', 'r', 'o', 'c'), (2, 'nowhere', 'r''', 'o"', 'c;')`);
    expect(await transferBack({ ...to, policies: { orphan: 'quarantine' } })).toMatchObject({
      outcome: 'done',
    });
    expect(quarantine(to)).toEqual([
      [
        'child',
        'content = 2',
        'parent',
        'orphan',
        { content: '2', parent: 'nowhere', relation: "r'", 'o\'r"phan': 'o"', columns: 'c;' },
      ],
    ]);
  });

  it('go into quarantine when they appear between an interruption and --resume', async () => {
    const to = await database(`
      create table a (id integer primary key); insert into a values (1), (2);
      create table b (id integer primary key, a integer references a); insert into b values (1, 1), (2, 2);
      create table c (id integer primary key, v text); insert into c select i, 'v' from generate_series(1, 20000) i;
      ${UNCHECKED} insert into b values (3, 7)`);
    const policies = { orphan: 'quarantine' } as const;
    const stop = new AbortController();
    const interrupted = transferBack({
      ...to,
      policies,
      signal: stop.signal,
      onProgress: ({ phase, table }) => phase === 'copy' && table === 'c' && stop.abort(),
    });
    await expect(interrupted).rejects.toMatchObject({ code: 'aborted' });
    await queryValues(to.source, `${UNCHECKED} insert into b values (4, 8)`);
    const resumed = await transferBack({ ...to, policies, resume: true });
    expect(resumed).toMatchObject({
      outcome: 'done',
      tables: [{}, { table: 'b', rows: 2, quarantined: 2 }, {}],
    });
    expect(quarantine(to).map(([table, key]) => [table, key])).toEqual([
      ['b', 'id = 3'],
      ['b', 'id = 4'],
    ]);
  });

  it('are none where the table they refer to is left out: the key is listed', async () => {
    const to = await database(`${SHOP}; ${UNCHECKED} update orders set r = 0`);
    const moved = await transferBack({ ...to, exclude: ['customer'] });
    expect(moved).toMatchObject({
      outcome: 'done',
      untranslated: [
        {
          object: 'foreign key orders_customer of orders',
          sql: expect.stringContaining('REFERENCES customer(id)'),
        },
      ],
    });
    expect(read(to, 'select count(*) from orders')).toEqual([[4]]);
  });

  it('are none where the table they refer to is partitioned: its rows go over once', async () => {
    const to = await database(`
      create table whole (id integer primary key, v text) partition by range (id);
      create table low partition of whole for values from (1) to (10);
      create table high partition of whole for values from (10) to (20);
      create table part_of (id integer primary key, whole integer references whole);
      insert into whole values (1, 'a'), (11, 'b'); insert into part_of values (1, 1), (2, 11)`);
    const moved = await transferBack(to);
    expect(moved).toMatchObject({
      outcome: 'done',
      findings: [],
      tables: [
        { table: 'part_of', rows: 2 },
        { table: 'whole', rows: 2 },
      ],
      untranslated: [
        { object: 'partition high', sql: 'FOR VALUES FROM (10) TO (20)' },
        { object: 'partition low', sql: 'FOR VALUES FROM (1) TO (10)' },
      ],
    });
    expect(read(to, 'select "table", "from" from pragma_foreign_key_list(\'part_of\')')).toEqual([
      ['whole', 'whole'],
    ]);
  });
});

type Way = Pick<TransferBackOptions, 'source' | 'target'>;

async function database(sql: string): Promise<Way> {
  const source = await temporaryPostgresUrl();
  await queryValues(source, sql);
  return { source, target: await temporarySqlitePath() };
}

/** A migration for which SQLite has to make a table anew. */
async function makeNotNull({ target }: Way): Promise<unknown> {
  const up = (database: Kysely<unknown>): Promise<void> =>
    database.schema
      .alterTable('customer')
      .alterColumn('name', (column) => column.setNotNull())
      .execute();
  const migrations = { getMigrations: async () => ({ '0001': { up } }) };
  await using storage = await openStorage({ url: `sqlite:${target}`, drivers: [sqlite()], migrations });
  return await storage.migrator.up();
}

function orphans({ findings }: TransferReport): unknown[][] {
  return findings
    .filter(({ kind }) => kind === 'orphan')
    .map(({ table, column, count, keys, settledBy }) => [table, column, count, keys, settledBy]);
}

function read({ target }: Way, sql: string): unknown[][] {
  const file = new Sqlite(target, { readonly: true });
  try {
    return file.prepare(sql).raw().all() as unknown[][];
  } finally {
    file.close();
  }
}

function quarantine(to: Way): unknown[][] {
  const rows = read(
    to,
    'select table_name, row_key, column_name, reason, content from sluice_quarantine order by table_name, length(row_key), row_key',
  );
  return rows.map(([table, key, column, reason, content]) => [
    table,
    key,
    column,
    reason,
    JSON.parse(String(content)),
  ]);
}
