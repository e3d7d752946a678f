import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { rejection, runIn, testSurvivors } from '@sluice/testkit/driver-tests';
import { describe, expect, test } from 'vitest';
import { type OpenedFile, openDatabase, temporaryFolder } from './opened-database.js';
import { startChildAs } from './processes/child.js';

/** A heap of its own size would hide what statements take. */
const SMALL_HEAP = { env: { ...process.env, NODE_OPTIONS: '--max-semi-space-size=4' } };

const ROUNDS = 8;
/** After the first rounds, when every cache is full. */
const FIRST = 2;
const MOST_GROWTH_MIB = 200;
const MOST_REFUSED_MIB = 25;

describe('ever new statements', () => {
  test('C10 do not take ever more memory', { timeout: 300_000 }, async () => {
    const path = join(await temporaryFolder(), 'app.db');
    const child = startChildAs(SMALL_HEAP, 'vary-statements.mjs', path, String(ROUNDS));
    expect(await child.ended).toBe(0);
    const resident = child.lines.slice(0, ROUNDS).map(Number);
    expect((resident.at(-1) ?? 0) - (resident[FIRST] ?? 0), resident.join(' ')).toBeLessThan(MOST_GROWTH_MIB);
    expect(child.lines.at(-1)).toBe(`stored ${ROUNDS * 1000}`);
  });

  test('C10 nor do those that are refused, whose reason is looked up', { timeout: 120_000 }, async () => {
    const path = join(await temporaryFolder(), 'app.db');
    const child = startChildAs(SMALL_HEAP, 'refuse-inserts.mjs', path, String(ROUNDS));
    expect(await child.ended).toBe(0);
    const resident = child.lines.slice(0, ROUNDS).map(Number);
    expect((resident.at(-1) ?? 0) - (resident[0] ?? 0), resident.join(' ')).toBeLessThan(MOST_REFUSED_MIB);
    expect(child.lines.at(-1)).toBe('stored 1');
  });

  /** Runs as many statements on the writer and on a reader as wear out their connections several times. */
  async function wearOut(db: OpenedFile): Promise<void> {
    const comment = '.'.repeat(1_000_000);
    for (let index = 0; index < 24; index += 1) {
      const access = index % 2 === 0 ? 'write' : 'read';
      const statement = access === 'write' ? 'update item set id = id' : 'select id from item';
      await db.run(`${statement} /* ${index} ${comment} */`, [], { access });
    }
  }

  test('leave open transactions, snapshots and the write-ahead log as they were', async () => {
    const db = await openDatabase({ readers: 1, snapshots: 1 });
    await db.run('create table item (id integer primary key)');
    await db.run('insert into item values (1)', [], { access: 'write' });
    const snapshot = await db.database.begin({ access: 'read' });
    await runIn(snapshot, 'select id from item');
    const transaction = await db.database.begin({ access: 'write' });
    await runIn(transaction, 'insert into item values (2)');
    for (let index = 0; index < 12; index += 1)
      await runIn(transaction, `update item set id = id /* ${index} ${'.'.repeat(1_000_000)} */`);
    await transaction.commit();
    await wearOut(db);
    expect((await runIn(snapshot, 'select id from item')).rows).toStrictEqual([{ id: 1 }]);
    await snapshot.rollback();
    expect(await db.rows('select id from item order by id')).toStrictEqual([{ id: 1 }, { id: 2 }]);
    expect(await db.rows('pragma integrity_check')).toStrictEqual([{ integrity_check: 'ok' }]);
  });

  test('never lead to another file that took the place of the database', async () => {
    const db = await openDatabase({ readers: 1 });
    await db.run('create table item (id integer primary key)');
    await db.run('insert into item values (1)', [], { access: 'write' });
    const other = await openDatabase({ path: `${db.path}.other` });
    await other.run('create table item (id integer primary key)');
    await other.database.close();
    await db.rows('select id from item');
    renameSync(`${db.path}.other`, db.path);
    await rejection(wearOut(db));
    for (let index = 0; index < 24; index += 1) {
      const read = db.rows(`select id from item /* ${index} ${'.'.repeat(1_000_000)} */`);
      expect(await read.catch(() => [{ id: 1 }])).toStrictEqual([{ id: 1 }]);
    }
  });
});

testSurvivors({
  module: import.meta.resolve('@sluice/sqlite-driver'),
  factory: 'sqlite',
  createDatabase: async () => `sqlite:${join(await temporaryFolder(), 'app.db')}`,
});
