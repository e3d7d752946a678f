import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { startTcpRelay, temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { queryValues } from '@sluice/testkit/postgres-server';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { runSluice, said, startSluice } from './transfer/run-sluice.js';
import { makeShop } from './transfer/shop-file.js';

describe('a transfer that is disturbed', () => {
  // Unverified, rows are read from the pages of the file and its log.
  it.each([[[]], [['--no-verify']]])('sees one snapshot while the application writes (%j)', async (more) => {
    const source = await temporarySqlitePath();
    makeShop(source, 20_000);
    const url = await temporaryPostgresUrl();
    const { child, ended } = startSluice(['transfer', source, 'env:TARGET_URL', ...more], url);
    const database = new Sqlite(source);
    // Every transaction keeps the number of orders and items in step; a torn snapshot would not.
    const write = database.transaction((id: number) => {
      database.prepare(`insert into "order" values (?, 1, '2024-01-01 00:00:00', 'late', null)`).run(id);
      for (const position of [1, 2])
        database.prepare('insert into item values (?, ?, 1.5)').run(id, position);
      database.prepare('delete from item where "order" = ?').run(id - 20_000);
      database.prepare('update customer set last_order = null where last_order = ?').run(id - 20_000);
      database.prepare('delete from "order" where id = ?').run(id - 20_000);
    });
    let id = 20_000;
    while (child.exitCode === null) {
      id += 1;
      write(id);
      await new Promise((resolve) => setImmediate(resolve));
    }
    database.close();
    const { code, err } = await ended;
    expect(err).not.toContain('error:');
    expect(code).toBe(0);
    expect(id).toBeGreaterThan(20_100);
    expect(
      await queryValues(url, 'select (select count(*) from "order")::int, (select count(*) from item)::int'),
    ).toEqual([[20_000, 40_000]]);
  });

  it('says so when its connection is cut, and goes on with --resume', async () => {
    const source = await temporarySqlitePath();
    makeShop(source, 40_000);
    const url = await temporaryPostgresUrl();
    const relay = await startTcpRelay(url);
    const { child, ended } = startSluice(['transfer', source, 'env:TARGET_URL'], relay.url(url));
    await said(child, 'copy');
    await relay.close();
    const cut = await ended;
    expect(cut.code).toBe(2);
    expect(cut.err).toContain('--resume');
    expect(cut.err).not.toMatch(/^\s+at /m);
    const resumed = await runSluice(['transfer', source, 'env:TARGET_URL', '--resume'], url);
    expect(resumed.err).not.toContain('error:');
    expect(resumed.code).toBe(0);
  });

  it('goes on after the server has ended its sessions', async () => {
    const source = await temporarySqlitePath();
    makeShop(source, 300_000);
    const url = await temporaryPostgresUrl();
    const { child, ended } = startSluice(['transfer', source, 'env:TARGET_URL'], url);
    await said(child, 'copy');
    await queryValues(
      url,
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sluice transfer' and datname = current_database()`,
    );
    expect(await ended).toMatchObject({ code: 2, err: expect.stringContaining('--resume') });
    expect(await runSluice(['transfer', source, 'env:TARGET_URL', '--resume'], url)).toMatchObject({
      code: 0,
    });
  });

  it('stops at Ctrl-C with status 3, and copies again what has changed since', async () => {
    const source = await temporarySqlitePath();
    makeShop(source, 300_000);
    const url = await temporaryPostgresUrl();
    const { child, ended } = startSluice(['transfer', source, 'env:TARGET_URL'], url);
    await said(child, 'copy');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 3, err: expect.stringContaining('stopped') });
    const database = new Sqlite(source);
    database.exec(
      `update customer set balance = 0.25; insert into log values ('late', '2024-01-01T00:00:00.000Z')`,
    );
    database.close();
    expect(await runSluice(['transfer', source, 'env:TARGET_URL', '--resume'], url)).toMatchObject({
      code: 0,
    });
    expect(await queryValues(url, 'select distinct balance::text from customer')).toEqual([['0.25']]);
    expect(await runSluice(['verify', source, 'env:TARGET_URL'], url)).toMatchObject({ code: 0 });
  });
});

describe('a target that is not as it must be', () => {
  it('is refused when it has one of the tables, and left as it is', async () => {
    const source = await temporarySqlitePath();
    makeShop(source, 100);
    const url = await temporaryPostgresUrl();
    await queryValues(
      url,
      `create table item (mine text); insert into item values ('kept'); create table other (x int)`,
    );
    const { code, err } = await runSluice(['transfer', source, 'env:TARGET_URL'], url);
    expect(code).toBe(2);
    expect(err).toContain('not empty: it has "item"');
    expect(await queryValues(url, 'select mine from item')).toEqual([['kept']]);
    expect(await runSluice(['transfer', source, 'env:TARGET_URL', '--replace'], url)).toMatchObject({
      code: 0,
    });
    expect(await queryValues(url, `select relname from pg_class where relname = 'other'`)).toEqual([
      ['other'],
    ]);
  });
});

describe('a plan', () => {
  it('that was changed by hand is checked against the rows before anything is written', async () => {
    const source = await temporarySqlitePath();
    makeShop(source, 1_000);
    const url = await temporaryPostgresUrl();
    const plan = `${source}.plan.json`;
    expect(
      await runSluice(['transfer', source, 'env:TARGET_URL', '--dry-run', '--plan', plan], url),
    ).toMatchObject({ code: 0 });
    const text = await readFile(plan, 'utf8');
    await writeFile(plan, text.replace('"type": "timestamptz(3)"', '"type": "date"'));
    const refused = await runSluice(['transfer', source, 'env:TARGET_URL', '--plan', plan], url);
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('log.at') });
    expect(
      await queryValues(url, `select count(*)::int from pg_class where relname in ('customer', 'log')`),
    ).toEqual([[0]]);
    await writeFile(plan, text);
    expect(await runSluice(['transfer', source, 'env:TARGET_URL', '--plan', plan], url)).toMatchObject({
      code: 0,
      err: expect.not.stringContaining('error'),
    });
  });
});

describe('a server that refuses a row', () => {
  it('ends the transfer at once, however much of the table is left', async () => {
    const source = await temporarySqlitePath();
    const database = new Sqlite(source);
    // In one part, as the table has no rowid, and far more than what is on its way at once.
    database.exec(`create table t (id text primary key, line text) without rowid;
      with recursive number (n) as (select 1 union all select n + 1 from number where n < 40000)
      insert into t select printf('%08d', n), printf('%.1000c', 'x') from number`);
    database.close();
    const url = await temporaryPostgresUrl();
    await queryValues(url, `create table t (id text primary key, line text check (id <> '00000002'))`);
    const { code, err } = await runSluice(
      ['transfer', source, 'env:TARGET_URL', '--schema', 'existing'],
      url,
    );
    expect(code).toBe(2);
    expect(err).toContain('violates check constraint');
    expect(await queryValues(url, 'select count(*)::int from t')).toEqual([[0]]);
  });
});

describe('a damaged or hostile source', () => {
  it('is refused by name when a page is damaged', async () => {
    const source = await temporarySqlitePath();
    makeShop(source, 5_000);
    const database = new Sqlite(source);
    database.pragma('wal_checkpoint(truncate)');
    database.pragma('journal_mode = delete');
    const page = Number(
      database
        .prepare(`select max(pageno) from dbstat where name = 'item' and pagetype = 'leaf'`)
        .pluck()
        .get(),
    );
    database.close();
    const file = await open(source, 'r+');
    await file.write(Buffer.alloc(4096, 0xa5), 0, 4096, (page - 1) * 4096);
    await file.close();
    const url = await temporaryPostgresUrl();
    const audit = await runSluice(['audit', source]);
    expect(audit).toMatchObject({ code: 1, out: expect.stringContaining('unreadable  item') });
    expect(await runSluice(['transfer', source, 'env:TARGET_URL'], url)).toMatchObject({ code: 1 });
    expect(await queryValues(url, `select count(*)::int from pg_class where relname = 'customer'`)).toEqual([
      [0],
    ]);
  });

  it('is refused when it is no database', async () => {
    const source = await temporarySqlitePath();
    const file = await open(source, 'w');
    await file.write('this is text, and a lot of it: '.repeat(100));
    await file.close();
    expect(await runSluice(['audit', source])).toMatchObject({
      code: 2,
      err: expect.stringContaining('(not_a_database)'),
    });
  });

  it('does not get its names or values executed, and a view without end is only translated', async () => {
    const source = await temporarySqlitePath();
    const name = `x"; drop table victim; --`;
    const database = new Sqlite(source);
    database.exec(
      `
      create table victim (id integer primary key); insert into victim values (1);
      create table "${name.replaceAll('"', '""')}" ("a'b""c;" text default ''' ; drop table victim; --', [d]]] integer);
      insert into "${name.replaceAll('"', '""')}" values ('''; drop table victim; --', 1);
      create view endless as with recursive n (i) as (select 1 union all select i + 1 from n) select i from n`.replaceAll(
        '[d]]]',
        '"d]"',
      ),
    );
    database.close();
    const url = await temporaryPostgresUrl();
    expect(await runSluice(['transfer', source, 'env:TARGET_URL'], url)).toMatchObject({ code: 0 });
    expect(await queryValues(url, 'select id from victim')).toEqual([[1]]);
    expect(await queryValues(url, `select "a'b""c;" from "${name.replaceAll('"', '""')}"`)).toEqual([
      [`'; drop table victim; --`],
    ]);
    expect(await queryValues(url, 'select i from endless limit 3')).toEqual([[1], [2], [3]]);
  });

  it('moves a large value, and refuses one beyond the limit by name without ever reading it', {
    timeout: 300_000,
  }, async () => {
    const source = await temporarySqlitePath();
    // better-sqlite3 writes no value above 512 MB; other programs write up to SQLite's own limit, 1,000,000,000 bytes for a row.
    const database = new DatabaseSync(source);
    database.exec(
      'create table t (id integer primary key, v blob, w text); insert into t values (1, zeroblob(20000000), 1), (2, zeroblob(999000000), 2), (3, null, 3)',
    );
    database.close();
    expect((await stat(source)).size).toBeGreaterThan(1_000_000_000);
    const url = await temporaryPostgresUrl();
    const audit = await runSluice(['audit', source], url, REPORT_MEMORY);
    expect(audit).toMatchObject({ code: 1, out: expect.stringContaining('too-large  t.v') });
    expect(peakMb(audit.err)).toBeLessThan(FAR_LESS_THAN_THE_VALUE_MB);
    const quarantined = await runSluice(
      ['transfer', source, 'env:TARGET_URL', '--on', 'too-large=quarantine'],
      url,
    );
    expect(quarantined).toMatchObject({ code: 1, out: expect.stringContaining('too-large  t.v') });
    expect(await queryValues(url, `select count(*)::int from pg_class where relname = 't'`)).toEqual([[0]]);
    const moved = await runSluice(
      ['transfer', source, 'env:TARGET_URL', '--on', 'too-large=convert:to-null'],
      url,
      REPORT_MEMORY,
    );
    expect(moved).toMatchObject({ code: 0 });
    expect(peakMb(moved.err)).toBeLessThan(FAR_LESS_THAN_THE_VALUE_MB);
    expect(await queryValues(url, 'select id, length(v) from t order by id')).toEqual([
      [1, 20_000_000],
      [2, null],
      [3, null],
    ]);
  });

  it('is refused by name when it has more columns than PostgreSQL takes', async () => {
    const source = await temporarySqlitePath();
    const database = new Sqlite(source);
    const columns = Array.from({ length: 2_000 }, (_, index) => `c${index} integer`);
    database.exec(`create table wide (${columns.join(', ')}); insert into wide (c0, c1999) values (1, 2)`);
    database.close();
    const url = await temporaryPostgresUrl();
    const refused = await runSluice(['transfer', source, 'env:TARGET_URL'], url);
    expect(refused).toMatchObject({ code: 1, err: 'audit\n' });
    expect(refused.out).toContain('The table has 2000 columns; PostgreSQL takes 1600.');
    expect(refused.out).not.toContain('unreadable');
  });
});

/** A value of 20 MB is in memory several times on its way; one of 999 MB is not once. */
const FAR_LESS_THAN_THE_VALUE_MB = 600;

/** Makes a process say what memory it had at most. */
const REPORT_MEMORY = {
  NODE_OPTIONS: `--import data:text/javascript,process.on('exit',()=>process.stderr.write('\\npeak='+process.resourceUsage().maxRSS+'\\n'))`,
};

function peakMb(err: string): number {
  const peaks = [...err.matchAll(/peak=(\d+)/g)].map(([, kilobytes]) => Number(kilobytes) / 1024);
  expect(peaks.length).toBeGreaterThan(0);
  return Math.max(...peaks);
}
