import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { queryValues } from '@sluice/testkit/postgres-server';
import { transfer, verify } from '@sluice/transfer';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';

describe('verify', () => {
  it('lists rows that the other side cannot hold, and compares the rest', async () => {
    const source = await temporarySqlitePath();
    run(
      source,
      'create table t (id integer primary key, n integer); insert into t values (1, 1), (2, 2), (3, 3)',
    );
    const target = await temporaryPostgresUrl();
    expect(await transfer({ source, target })).toMatchObject({ outcome: 'done' });
    run(source, `update t set n = 'two' where id = 2; update t set n = 30 where id = 3`);
    const report = await verify({ source, target });
    expect(report.isEqual).toBe(false);
    expect(report.tables[0]).toMatchObject({
      isEqual: false,
      misfits: [{ column: 'n', problem: 'wrong-class', count: 1, keys: ['id = 2'] }],
      differences: [{ kind: 'changed', key: 'id = 3', columns: [{ name: 'n', source: '30', target: '3' }] }],
    });
  });

  it.each([true, false])('names tables that only one side has (after a transfer: %s)', async (isAfter) => {
    const source = await temporarySqlitePath();
    run(source, 'create table t (id integer primary key); insert into t values (1)');
    const target = await temporaryPostgresUrl();
    if (isAfter) await transfer({ source, target });
    else await queryValues(target, 'create table t (id integer primary key); insert into t values (1)');
    expect(await verify({ source, target })).toMatchObject({ isEqual: true, missing: [] });
    run(source, 'create table here (id integer primary key)');
    await queryValues(target, 'create table there (id integer)');
    const missing = [
      { table: 'here', side: 'target' },
      { table: 'there', side: 'source' },
    ];
    expect(await verify({ source, target })).toMatchObject({ isEqual: false, missing });
    expect(await verify({ source: target, target: source })).toMatchObject({
      isEqual: false,
      missing: [
        { table: 'here', side: 'source' },
        { table: 'there', side: 'target' },
      ],
    });
    expect(await verify({ source, target, exclude: ['here', 'there'] })).toMatchObject({ isEqual: true });
  });

  it('does not take two values that are too large to be read for equal', async () => {
    const [one, other] = [await temporarySqlitePath(), await temporarySqlitePath()];
    for (const path of [one, other])
      run(path, 'create table t (id integer primary key, v); insert into t values (1, zeroblob(70000000))');
    expect(await verify({ source: one, target: other })).toMatchObject({
      isEqual: false,
      tables: [
        {
          misfits: [
            { column: 'v', problem: 'too-large' },
            { column: 'v', problem: 'too-large' },
          ],
        },
      ],
    });
  });
});

function run(path: string, sql: string): void {
  const database = new Sqlite(path);
  database.exec(sql);
  database.close();
}
