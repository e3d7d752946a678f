import { type CheckedValue, parseValueType, type Row, type ValueType } from '@sluice/core';
import { temporaryPostgresUrl } from '@sluice/testkit';
import type { OpenedDatabase } from '@sluice/testkit/driver-tests';
import {
  AggregateFunctionNode,
  type AliasableExpression,
  DummyDriver,
  ExpressionWrapper,
  Kysely,
  sql,
} from 'kysely';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';

interface DB {
  listed: { id: bigint; name: string };
}

let url: string;

const COLUMNS: readonly (readonly [string, readonly CheckedValue[]])[] = [
  ['smallint', [-32_768, 7]],
  ['integer', [-1, 2 ** 31 - 1]],
  ['bigint', [-(2n ** 63n), 2n ** 53n + 1n]],
  ['double precision', [0.1, -1e300]],
  ['numeric', ['-1.5', '12345678901234567890.123']],
  ['boolean', [true, false]],
  ['text', ['', 'null', 'a "quoted", \\ {x}']],
  ['varchar', ['NULL', "it's"]],
  ['uuid', ['00000000-0000-0000-0000-000000000000', '123e4567-e89b-12d3-a456-426614174000']],
  ['date', ['0001-01-01', '9999-12-31']],
  ['timestamptz', [new Date(0), new Date('-000043-03-15T12:00:00.001Z'), new Date(8.64e15)]],
  ['json', ['{"a": "\\"x\\""}', '[1]']],
  ['jsonb', ['{"a":"\\"x\\""}', 'null']],
  ['bytea', [new Uint8Array(), new Uint8Array([0, 92, 255])]],
];

beforeAll(async () => {
  url = await temporaryPostgresUrl();
  const { run, database } = await openDatabase({ url });
  await run(`create table listed (id bigint primary key, name text collate "C")`);
  await run(`insert into listed select n, 'name ' || n from generate_series(1, 20000) n`);
  await run('create index listed_name on listed (name)');
  await run('analyze listed');
  await database.close();
});

function typeOf(name: string): ValueType {
  const type = parseValueType(name);
  if (type === undefined) throw new Error(name);
  return type;
}

/** Kysely with the database's SQL, to compile with. */
function compiler({ database }: OpenedDatabase): Kysely<DB> {
  return new Kysely<DB>({
    dialect: {
      createAdapter: () => database.sql.createAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => database.sql.createIntrospector(db),
      createQueryCompiler: () => database.sql.createQueryCompiler(),
    },
  });
}

/** Runs `start` with `where column in (values)`. */
async function find(
  opened: OpenedDatabase,
  start: string,
  column: string,
  values: readonly CheckedValue[],
  type: string,
): Promise<Row[]> {
  const { database, rows } = opened;
  const encoded = values.map((value) => database.sql.encode(value, typeOf(type)));
  const list = database.sql.inList(sql.ref(column), encoded, typeOf(type));
  const query = sql`${sql.raw(start)} where ${list}`.compile(compiler(opened));
  return rows(query.sql, query.parameters);
}

describe('finds every value of a list', () => {
  test.each(COLUMNS)('%s', async (type, values) => {
    const opened = await openDatabase({ url });
    const name = `in_${type.replace(' ', '_')}`;
    await opened.run(`create table ${name} (v ${type})`);
    for (const value of values) {
      await opened.run(`insert into ${name} values ($1)`, [opened.database.sql.encode(value, typeOf(type))]);
    }
    await opened.run(`insert into ${name} values (null)`);
    const [all] = await find(opened, `select count(*) as n from ${name}`, 'v', values, type);
    expect(all).toEqual({ n: values.length });
    const [one] = await find(opened, `select count(*) as n from ${name}`, 'v', values.slice(0, 1), type);
    expect(one).toEqual({ n: 1 });
    const [none] = await find(opened, `select count(*) as n from ${name}`, 'v', [], type);
    expect(none).toEqual({ n: 0 });
  });
});

test('takes 100,000 values in one parameter', async () => {
  const opened = await openDatabase({ url });
  const values = Array.from({ length: 100_000 }, (_, index) => BigInt(index * 2));
  const [found] = await find(opened, 'select count(*) as n from listed', 'id', values, 'bigint');
  expect(found).toEqual({ n: 10_000 });
});

test.each([
  ['id', 'bigint', [1n, 2n]],
  ['name', 'text', ['name 1', 'name 2']],
  ['name', 'varchar', ['name 1', 'name 2']],
] as const)('uses the index on %s as %s', async (column, type, values) => {
  const opened = await openDatabase({ url });
  const plan = await find(opened, 'explain select * from listed', column, values, type);
  expect(JSON.stringify(plan)).toMatch(/Index/);
  expect(JSON.stringify(plan)).not.toMatch(/Seq Scan/);
});

describe('aggregates', () => {
  function aggregate(
    { database }: OpenedDatabase,
    name: 'max' | 'min' | 'sum',
  ): AliasableExpression<unknown> {
    const call = AggregateFunctionNode.create(name, [sql.ref('id').toOperationNode()]);
    const made = database.sql.aggregate?.(call, { name: 'bigint' });
    return new ExpressionWrapper(made?.toOperationNode() ?? call);
  }

  test('the sum of whole numbers is a numeric', async () => {
    const opened = await openDatabase({ url });
    const query = compiler(opened).selectFrom('listed').select(aggregate(opened, 'sum').as('sum')).compile();
    expect(await opened.rows(query.sql, query.parameters)).toEqual([{ sum: '200010000' }]);
  });

  test.each(['max', 'min'] as const)('the %s of a bigint is a bigint', async (name) => {
    const opened = await openDatabase({ url });
    for (const id of [-(2n ** 63n), -1n, 0n, 7n, 2n ** 63n - 1n]) {
      const query = compiler(opened)
        .selectFrom('listed')
        .select([aggregate(opened, name).as('value'), sql`count(*)`.as('n')])
        .where('id', '=', 1n)
        .compile();
      const text = query.sql
        .replace('"listed"', `(select $2::bigint as id) as listed`)
        .replace('"id" = $1', '$1::bigint = 1');
      expect(await opened.rows(text, [1n, id])).toEqual([{ value: id, n: 1 }]);
    }
  });

  test('an extreme inside another expression keeps its SQL type', async () => {
    const opened = await openDatabase({ url });
    const kysely = compiler(opened);
    const max = aggregate(opened, 'max');
    const ids = kysely.selectFrom('listed').select(max.as('id'));
    const queries = [
      kysely.selectFrom('listed').select('id').where('id', '=', ids.$castTo<{ id: bigint }>()),
      kysely.selectFrom('listed').select('id').groupBy('id').having(max, '=', 20_000n),
      kysely.selectFrom(ids.as('inner')).select((eb) => eb.cast<bigint>('inner.id', 'bigint').as('id')),
      ids.union(kysely.selectFrom('listed').select('id').where('id', '=', 20_000n)),
    ];
    for (const query of queries) {
      const { sql: text, parameters } = query.compile();
      const [row] = await opened.rows(text, parameters);
      expect(BigInt(String(row?.id))).toBe(20_000n);
    }
  });
});
