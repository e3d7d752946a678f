import type { DatabaseTransaction } from '@sluice/core';
import { sqliteDialect } from '@sluice/sqlite-driver';
import { rejection, runIn } from '@sluice/testkit/driver-tests';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { CompiledQuery, Kysely } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { type OpenedFile, openDatabase, temporaryFolder } from './opened-database.js';
import { modelUnit, observe, type RefusedProgram, refusedProgram, type Unit } from './refused-statements.js';

/** How many random programs; a long run is `SLUICE_TEST_REFUSED=5000`. */
const PROGRAMS = Number(process.env.SLUICE_TEST_REFUSED ?? 100);

const isDone = (work: Promise<unknown>): Promise<'done' | 'failed'> =>
  work.then(
    () => 'done',
    () => 'failed',
  );

describe('what a refused statement did before it failed', () => {
  let db: OpenedFile;

  beforeEach(async () => {
    db = await openDatabase();
    for (const sql of [
      'create table item (id integer primary key, name text unique)',
      'create table log (id integer primary key, x text)',
      'create table strict_item (a int) strict',
      `create trigger forbidden before insert on item when new.name = 'forbidden' begin insert into log (x) values ('half'); select raise(fail, 'not this one'); end`,
      `create trigger logged before insert on item begin insert into log (x) values (new.name); end`,
      `insert into item values (1, 'one')`,
      'delete from log',
    ])
      await db.run(sql);
  });

  const REFUSED = [
    ['RAISE(FAIL) after another trigger', `insert into item (name) values ('forbidden')`],
    ['INSERT OR FAIL', `insert or fail into item (name) values ('two'), ('one')`],
    ['INSERT /* x */ OR/**/FAIL', `insert /* x */ or/**/fail into item (name) values ('two'), ('one')`],
    ['UPDATE OR FAIL', `update or fail item set name = 'same' where id in (select 1 union all select 2)`],
    ['a type of a STRICT table', `insert into strict_item select 1 union all select 'x'`],
    [
      'an overflow of sum()',
      `insert into log (x) select sum(n) from (select 1 as g, 5 as n union all select 2, 9223372036854775807 union all select 2, 1) group by g`,
    ],
  ] as const;

  const state = async (): Promise<unknown> => [
    await db.rows('select * from item order by id'),
    await db.rows('select x from log'),
    await db.rows('select * from strict_item'),
  ];

  const two = [
    [
      { id: 1, name: 'one' },
      { id: 2, name: 'two' },
    ],
    [{ x: 'two' }],
    [],
  ];

  test.each(REFUSED)('%s: nothing is left of a single statement, and its neighbours stay', async (_, sql) => {
    const neighbour = db.run(`insert into item values (2, 'two')`, [], { access: 'write' });
    const refused = db.run(sql, [], { access: 'write' });
    expect(await isDone(neighbour)).toBe('done');
    expect(await rejection(refused)).toBeInstanceOf(Error);
    expect(await state()).toStrictEqual(two);
  });

  test.each(REFUSED)('%s: nothing is left inside a transaction that goes on', async (_, sql) => {
    const transaction: DatabaseTransaction = await db.database.begin({ access: 'write' });
    await runIn(transaction, `insert into item values (2, 'two')`);
    expect(await rejection(runIn(transaction, sql))).toBeInstanceOf(Error);
    await transaction.commit();
    expect(await state()).toStrictEqual(two);
  });

  test('nothing is left where a rollback to a savepoint brought the trigger back', async () => {
    const transaction = await db.database.begin({ access: 'write' });
    for (const sql of [
      `insert into item values (2, 'two')`,
      'savepoint before',
      'drop trigger forbidden',
      'drop trigger logged',
      'drop table strict_item',
      `insert into item (name) values ('forbidden')`,
      'rollback to before',
    ])
      await runIn(transaction, sql);
    expect(
      await rejection(runIn(transaction, `insert into item (name) values ('forbidden')`)),
    ).toBeInstanceOf(Error);
    await transaction.commit();
    expect(await state()).toStrictEqual(two);
  });
});

const asUnit = (unit: Unit, run: (sql: string) => Promise<unknown>): Promise<string[]> =>
  unit.statements.reduce<Promise<string[]>>(
    async (before, sql) => [...(await before), await isDone(run(sql))],
    Promise.resolve([]),
  );

function model({ schema, units }: RefusedProgram): Promise<unknown> {
  const database = new Sqlite(':memory:');
  database.pragma('foreign_keys = on');
  for (const sql of schema) database.exec(sql);
  return observe(
    { schema, units },
    async (unit) => modelUnit(database, unit),
    async (sql) => database.prepare(sql).all(),
  );
}

describe('random statements, conflict clauses and triggers leave what the model leaves', () => {
  test('through the driver: single statements, batches and transactions', { timeout: 300_000 }, async () => {
    const { database, run, rows } = await openDatabase();
    const runUnit = async (unit: Unit): Promise<string> => {
      const statements = unit.statements.map((sql) => ({ sql, parameters: [], access: 'write' }) as const);
      if (unit.kind === 'batch') return isDone(database.batch?.(statements, {}) ?? Promise.reject());
      if (unit.kind === 'single') return isDone(run(unit.statements[0] ?? '', [], { access: 'write' }));
      const transaction = await database.begin({ access: 'write' });
      const outcomes = await asUnit(unit, (sql) => runIn(transaction, sql));
      return [...outcomes, await isDone(transaction.commit())].join(' ');
    };
    await checkPrograms(async (program) => {
      for (const sql of program.schema) await run(sql);
      expect(await observe(program, runUnit, rows)).toStrictEqual(await model(program));
    });
  });

  test('through the plain dialect with native values', { timeout: 300_000 }, async () => {
    const path = `${await temporaryFolder()}/app.db`;
    await using kysely = new Kysely<unknown>({ dialect: sqliteDialect({ path }) });
    const run = (on: Kysely<unknown>, text: string): Promise<{ rows: unknown[] }> =>
      on.executeQuery(CompiledQuery.raw(text));
    const runUnit = async (unit: Unit): Promise<string> => {
      if (unit.kind === 'single') return isDone(run(kysely, unit.statements[0] ?? ''));
      const transaction = await kysely.startTransaction().execute();
      const outcomes = await asUnit(unit, (text) => run(transaction, text));
      return [...outcomes, await isDone(transaction.commit().execute())].join(' ');
    };
    await checkPrograms(async ({ schema, units }) => {
      for (const text of schema) await run(kysely, text);
      // The dialect has no batches.
      const program = {
        schema,
        units: units.map((unit) =>
          unit.kind === 'batch' ? { ...unit, kind: 'transaction' as const } : unit,
        ),
      };
      const rows = async (text: string): Promise<unknown> => (await run(kysely, text)).rows;
      expect(await observe(program, runUnit, rows)).toStrictEqual(await model(program));
    });
  });
});

async function checkPrograms(check: (program: RefusedProgram) => Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(refusedProgram, check), { numRuns: PROGRAMS });
}
