import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';

/** How a file is made. */
export interface FileShape {
  readonly pageSize: number;
  readonly reservedBytes: number;
  readonly autoVacuum: 'full' | 'incremental' | 'none';
  readonly rows: readonly (readonly string[])[];
  /** Rowids, some negative, some huge; those of equal place go to the rows. */
  readonly rowids: readonly bigint[];
  /** Every so many rows one is deleted again; 0 is never. */
  readonly deleteEvery: number;
  /** Whether columns with defaults are added before the last rows. */
  readonly isAltered: boolean;
  /** Whether keys may be no UTF-8: a row that is then in need of a closer look cannot be found again. */
  readonly hasTornKeys: boolean;
}

/** Columns of each affinity. */
export const COLUMNS: readonly string[] = ['i', 'r', 't', 'b', 'n'];

/** Tables of one file: with rowids and an alias, with rowids alone, and without. */
export const TABLES: readonly string[] = ['aliased', 'plain', 'keyed'];

const SCHEMA = `
  create table aliased (t text, id integer primary key, i integer, r real, b blob, n numeric);
  create table plain (i integer, r real, t text, b blob, n numeric);
  create table keyed (i integer, b blob, k1 text collate nocase, t text, k2, r real, n numeric, primary key (k2 desc, k1)) without rowid;
  create index plain_t on plain (t)`;

const INTEGERS = [
  0, 1, -1, 2, 127, -128, 128, 32_767, -32_768, 32_768, 8_388_607, -8_388_608, 8_388_608, 2_147_483_647,
]
  .map(String)
  .concat('-2147483648', '2147483648', '140737488355327', '-140737488355328', '140737488355328')
  .concat(
    '9007199254740991',
    '9007199254740993',
    '-9007199254740993',
    '9223372036854775807',
    '-9223372036854775808',
  );

const REALS = [
  '0.0',
  '-0.0',
  '1.0',
  '1.5',
  '-2.25',
  '0.1',
  '19.99',
  '1e15',
  '1e300',
  '-1e300',
  '9e999',
  '-9e999',
  '5e-324',
  '281474976710656.0',
];

const TEXTS = [
  ...[
    '',
    'a',
    'abc',
    'abcd',
    'abcde',
    'a\0b',
    'ä',
    'Näme of one',
    '\u{fffd}',
    '😀 smile',
    '中文字',
    '12',
    '1.50',
    'x'.repeat(127),
  ],
  ...[
    '2024-02-29',
    '2023-02-29',
    '2024-01-01 00:00:00',
    '2024-01-01T23:59:59',
    '2024-01-01 23:59:59.123',
    '2024-01-01T23:59:59.123Z',
  ],
  ...[
    '2024-01-01T23:59:59Z',
    '0000-01-01 00:00:00',
    '9999-12-31 23:59:59',
    '2024-01-01 24:00:00',
    '2024-13-01',
    '2024-01-01 00:00:00+02:00',
  ],
  ...[
    'true',
    'no',
    '{"a": [1, "ä"]}',
    '{"a"',
    '550e8400-e29b-41d4-a716-446655440000',
    '550E8400-e29b-41d4-a716-446655440000',
    '٣',
  ],
];

const BYTES = ['', '00', 'ff', '80', 'c3', 'eda080', 'f4908080', '61c328', 'e4b8', 'efbbbf61'];

/** A value as SQL. Text goes in as bytes, so that it may be none. */
const value: fc.Arbitrary<string> = fc.oneof(
  { weight: 1, arbitrary: fc.constant('null') },
  { weight: 4, arbitrary: fc.constantFrom(...INTEGERS) },
  { weight: 3, arbitrary: fc.constantFrom(...REALS) },
  { weight: 5, arbitrary: fc.constantFrom(...TEXTS).map(textSql) },
  { weight: 1, arbitrary: fc.constantFrom(...BYTES).map((hex) => `cast(x'${hex}' as text)`) },
  { weight: 1, arbitrary: fc.constantFrom(...BYTES).map((hex) => `x'${hex}'`) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }).map(textSql) },
  {
    weight: 1,
    arbitrary: fc
      .double()
      .map((real) => (Number.isFinite(real) ? `${real}e0`.replace(/(e[+-]\d+)e0/, '$1') : 'null')),
  },
  { weight: 1, arbitrary: fc.nat(3_000).map((length) => `cast(zeroblob(${length}) as blob)`) },
  { weight: 1, arbitrary: fc.nat(3_000).map((length) => `printf('%.${length}c', 'y') || 'ü'`) },
);

function textSql(text: string): string {
  return `cast(x'${Buffer.from(text).toString('hex')}' as text)`;
}

const rowid = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt({ min: 1n, max: 5_000n }) },
  { weight: 2, arbitrary: fc.bigInt({ min: -300n, max: 0n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n }) },
);

export const fileShape: fc.Arbitrary<FileShape> = fc.record({
  pageSize: fc.constantFrom(512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536),
  reservedBytes: fc.constantFrom(0, 0, 8, 32),
  autoVacuum: fc.constantFrom('full', 'incremental', 'none'),
  rows: fc.array(fc.array(value, { minLength: 7, maxLength: 7 }), { maxLength: 60, size: 'max' }),
  rowids: fc.uniqueArray(rowid, { minLength: 60, maxLength: 60 }),
  deleteEvery: fc.constantFrom(0, 0, 2, 3, 10),
  isAltered: fc.boolean(),
  hasTornKeys: fc.constantFrom(false, false, false, true),
});

/** Makes the file. */
export function makeFile(path: string, shape: FileShape): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(path + end, { force: true });
  makeEmpty(path, shape);
  const database = new Sqlite(path);
  database.exec(SCHEMA);
  const half = shape.isAltered ? Math.floor(shape.rows.length / 2) : shape.rows.length;
  database.transaction(() => insert(database, shape, 0, half))();
  if (shape.isAltered) {
    for (const table of TABLES)
      database.exec(
        `alter table ${table} add column later real default 7; alter table ${table} add column last text default 'ü'`,
      );
    database.transaction(() => insert(database, shape, half, shape.rows.length))();
  }
  if (shape.deleteEvery > 0)
    for (const table of ['aliased', 'plain'])
      database.exec(`delete from ${table} where rowid % ${shape.deleteEvery} = 0`);
  if (shape.autoVacuum === 'incremental') database.pragma('incremental_vacuum(3)');
  database.close();
}

/** An empty file of one page, whose header is changed by hand: nothing but an extension sets the reserved bytes. */
function makeEmpty(path: string, { pageSize, reservedBytes, autoVacuum }: FileShape): void {
  const database = new Sqlite(path);
  database.exec(`pragma page_size = ${pageSize}; pragma auto_vacuum = ${autoVacuum}; vacuum`);
  database.close();
  if (reservedBytes === 0 || autoVacuum !== 'none') return;
  const page = readFileSync(path);
  page.writeUInt8(reservedBytes, 20);
  page.writeUInt16BE((pageSize - reservedBytes) & 0xffff, 105);
  writeFileSync(path, page);
}

function insert(
  database: Sqlite.Database,
  { rows, rowids, hasTornKeys }: FileShape,
  from: number,
  to: number,
): void {
  for (let index = from; index < to; index += 1) {
    const [i, r, t, b, n, k1, k2] = rows[index] ?? [];
    const id = rowids[index];
    const key = (sql = ''): string =>
      `coalesce(iif(typeof(${sql}) = 'text' and not ${hasTornKeys}, hex(${sql}), ${sql}), ${index})`;
    database.exec(`
      insert into aliased (id, i, r, t, b, n) values (${id}, ${i}, ${r}, ${t}, ${b}, ${n});
      insert into plain (rowid, i, r, t, b, n) values (${id}, ${r}, ${i}, ${b}, ${t}, ${n});
      insert or ignore into keyed (i, r, t, b, n, k1, k2) values (${i}, ${r}, ${t}, ${b}, ${n}, ${key(k1)}, ${key(k2)})`);
  }
}
