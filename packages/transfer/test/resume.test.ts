import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { queryValues } from '@sluice/testkit/postgres-server';
import { transfer } from '@sluice/transfer';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';

/** As a kill leaves it when all is copied and every statement was run. */
const INTERRUPT = `update sluice_transfer.transfer set state = 'copying', finished_at = null`;

describe('a transfer that goes on', () => {
  it('makes the foreign keys and views again that hung on a table that it copies again', async () => {
    const { source, target } = await movedShop();
    await queryValues(target, INTERRUPT);
    change(source, `update customer set name = 'Eve' where id = 1`);
    expect(await transfer({ source, target, resume: true })).toMatchObject({
      outcome: 'done',
      untranslated: [],
    });
    expect(await queryValues(target, 'select name from customer_names')).toEqual([['Eve']]);
    await expect(queryValues(target, 'insert into purchase values (2, 9)')).rejects.toThrow('foreign key');
    expect(await queryValues(target, `select count(*)::int from pg_constraint where contype = 'f'`)).toEqual([
      [2],
    ]);
    await queryValues(target, 'insert into region values (3, 2)');
    expect(await queryValues(target, 'select id from purchase order by id')).toEqual([
      [1],
      [101],
      [102],
      [103],
    ]);
  });

  it('makes everything again with --replace', async () => {
    const { source, target } = await movedShop();
    expect(await transfer({ source, target, replace: true })).toMatchObject({
      outcome: 'done',
      untranslated: [],
    });
  });

  it('copies tables of the application again together with those that refer to them', async () => {
    const { source } = await movedShop();
    change(source, 'drop view customer_names; drop view regions; drop trigger note; drop table region');
    const target = await temporaryPostgresUrl();
    await queryValues(
      target,
      `create table customer (id integer primary key, name text);
       create table purchase (id integer primary key, customer integer references customer)`,
    );
    expect(await transfer({ source, target, schema: 'existing' })).toMatchObject({ outcome: 'done' });
    await queryValues(target, INTERRUPT);
    change(source, `update customer set name = 'Eve' where id = 1`);
    expect(await transfer({ source, target, resume: true })).toMatchObject({ outcome: 'done' });
    expect(await queryValues(target, 'select name from customer')).toEqual([['Eve']]);
    expect(await queryValues(target, 'select count(*)::int from purchase')).toEqual([[3]]);
  });

  it('goes round circles of foreign keys between tables of the application, and leaves the keys as they were', async () => {
    const source = await temporarySqlitePath();
    change(
      source,
      `create table team (id integer primary key, owner integer); create table person (id integer primary key, team integer, room integer);
       create table room (id integer primary key, person integer, kept text);
       insert into team values (1, 2), (2, null); insert into person values (1, 1, 1), (2, 2, null); insert into room values (1, 2, 'x')`,
    );
    const target = await temporaryPostgresUrl();
    await queryValues(
      target,
      `create table team (id int primary key, owner int);
       create table person (id int primary key, team int not null references team on delete cascade);
       create table room (id int primary key, person int references person, kept text);
       alter table team add constraint "owns it" foreign key (owner) references person deferrable initially deferred;
       alter table person add column room int constraint in_room references room`,
    );
    const keys = `select conname, pg_get_constraintdef(oid) from pg_constraint where contype = 'f' order by 1`;
    const before = await queryValues(target, keys);
    expect(before).toHaveLength(4);
    const to = { source, target, schema: 'existing' } as const;
    expect(await transfer(to)).toMatchObject({ outcome: 'done', untranslated: [] });
    expect(await queryValues(target, keys)).toEqual(before);
    await queryValues(target, INTERRUPT);
    change(source, 'delete from team where id = 1; update person set team = 2; update team set owner = 1');
    expect(await transfer({ ...to, resume: true })).toMatchObject({ outcome: 'done', untranslated: [] });
    expect(await queryValues(target, keys)).toEqual(before);
    expect(await queryValues(target, 'select * from team')).toEqual([[2, 1]]);
    expect(await queryValues(target, 'select * from person order by id')).toEqual([
      [1, 2, 1],
      [2, 2, null],
    ]);
  });

  it('writes nothing when it was stopped before its readers were open', async () => {
    const { source } = await movedShop();
    const target = await temporaryPostgresUrl();
    const stop = new AbortController();
    const stopped = transfer({ source, target, signal: stop.signal });
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect(
      await queryValues(target, `select nspname from pg_namespace where nspname = 'sluice_transfer'`),
    ).toEqual([]);
  });

  it('leaves the statistics alone when told so', async () => {
    const { source, target } = await movedShop();
    const to = { source, target, replace: true } as const;
    const analyzed = `select count(*)::int from pg_stats where schemaname = 'public' and tablename = 'purchase'`;
    expect(await transfer({ ...to, analyze: false })).toMatchObject({ outcome: 'done' });
    expect(await queryValues(target, analyzed)).toEqual([[0]]);
    expect(await transfer(to)).toMatchObject({ outcome: 'done' });
    expect(await queryValues(target, analyzed)).not.toEqual([[0]]);
  });

  it('analyzes the tables that it had not come to', async () => {
    const { source, target } = await movedShop();
    await queryValues(
      target,
      `${INTERRUPT}; delete from sluice_transfer.step where object = 'analyze purchase'`,
    );
    await queryValues(
      target,
      `delete from pg_statistic where starelid in ('purchase'::regclass, 'customer'::regclass)`,
    );
    expect(await transfer({ source, target, resume: true })).toMatchObject({ outcome: 'done' });
    expect(
      await queryValues(
        target,
        `select distinct tablename from pg_stats where schemaname = 'public' order by 1`,
      ),
    ).toEqual([['purchase'], ['region']]);
  });
});

async function movedShop(): Promise<{ readonly source: string; readonly target: string }> {
  const source = await temporarySqlitePath();
  change(
    source,
    `create table customer (id integer primary key, name text);
     create table purchase (id integer primary key, customer integer references customer (id));
     create view customer_names as select name from customer;
     create table region (id integer primary key, part_of integer references region (id));
     create view regions as select id from region;
     create trigger note after insert on region begin insert into purchase values (new.id + 100, 1); end;
     insert into customer values (1, 'Ann'); insert into purchase values (1, 1);
     insert into region values (1, null), (2, 1)`,
  );
  const target = await temporaryPostgresUrl();
  expect(await transfer({ source, target })).toMatchObject({ outcome: 'done', untranslated: [] });
  return { source, target };
}

function change(source: string, sql: string): void {
  const database = new Sqlite(source);
  database.exec(sql);
  database.close();
}
