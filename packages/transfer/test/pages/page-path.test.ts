import { chmodSync, copyFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporarySqlitePath } from '@sluice/testkit';
import { auditFile } from '@sluice/transfer';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readingOf } from '../../src/plan/table-reading.js';
import type { RowidRange, TableReading } from '../../src/reader/table-reading.js';
import { BothPaths, readingAs } from './both-paths.js';
import { COLUMNS, fileShape, makeFile, TABLES } from './random-file.js';

const TYPES = [
  ...[
    'smallint',
    'integer',
    'bigint',
    'double precision',
    'real',
    'numeric(12, 2)',
    'numeric',
    'boolean',
    'text',
  ],
  ...[
    'varchar(5)',
    'varchar',
    'bytea',
    'uuid',
    'json',
    'jsonb',
    'date',
    'timestamp',
    'timestamptz',
    'timestamptz(2)',
    'any',
  ],
];

const FORMS = ['iso', 'iso', 'words', 'epoch-ms', 'julian'] as const;

/** Compares the two ways to read for every type of each column, then for all columns at once; gives how many rows came from pages. */
function compareTable(
  both: BothPaths,
  table: string,
  columns: readonly string[],
  more: Partial<TableReading>,
): number {
  const isKeyed = table === 'keyed';
  const span = isKeyed ? undefined : both.span(table);
  const keys = isKeyed ? (['k2', 'k1'] as const).map((key) => [key, 'any'] as const) : [];
  let fromPages = 0;
  const compare = (reading: TableReading, range: RowidRange): void => {
    const [bySqlite, byPages] = both.encode(reading, range);
    fromPages += byPages.pageRows;
    expect({ ...byPages, tuples: 0, pageRows: 0 }).toEqual({ ...bySqlite, tuples: 0 });
    // After an error nobody takes them.
    if (bySqlite.error !== undefined || byPages.tuples.equals(bySqlite.tuples)) return;
    expect([reading, range, byPages.tuples.toString('hex')]).toEqual([
      reading,
      range,
      bySqlite.tuples.toString('hex'),
    ]);
  };
  for (const column of columns) {
    for (const [index, type] of TYPES.entries()) {
      const form = FORMS[index % FORMS.length] ?? 'iso';
      for (const hasBigIntegers of type === 'bigint' || type === 'any' ? [true, false] : [true])
        compare(
          readingAs(table, [...keys, [column, type, form]], {
            ...more,
            hasBigIntegers,
          }),
          span,
        );
    }
  }
  const whole = readingAs(table, [...keys, ...columns.map((column) => [column, 'any'] as const)], more);
  for (const range of split(span)) compare(whole, range);
  return fromPages;
}

/** The whole, and three parts. */
function split(span: RowidRange): RowidRange[] {
  if (span === undefined) return [span];
  const [from, to] = [BigInt(span[0]), BigInt(span[1])];
  const cuts = [from, from + (to - from) / 3n, from + ((to - from) * 2n) / 3n, to];
  return [
    span,
    ...[0, 1, 2].map(
      (at): RowidRange => [String((cuts[at] ?? 0n) + (at > 0 ? 1n : 0n)), String(cuts[at + 1])],
    ),
  ];
}

/** Files of real applications, where there are any. */
const SHARED_DATA = fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const REAL_FILES = existsSync(SHARED_DATA)
  ? readdirSync(SHARED_DATA).filter((name) => /\.(db|sqlite)$/.test(name))
  : [];

function makeOrdinaryFile(path: string): void {
  const database = new Sqlite(path);
  database.exec(`
    create table person (id integer primary key, name text not null, born date, balance decimal(12, 2), at datetime, active boolean);
    create table tag (person integer, name text, weight real, primary key (person, name)) without rowid;
    with recursive n (i) as (select 1 union all select i + 1 from n where i < 2000)
      insert into person select i, 'Näme ' || i, date('2000-01-01', i || ' days'), i / 4.0, datetime('now', i || ' hours'), i % 2 from n;
    insert into tag select id, 'tag ' || id % 7, id from person`);
  database.close();
}

describe('rows that are read from pages', () => {
  it('are encoded as SQLite gives them, whatever the file looks like', async () => {
    const path = await temporarySqlitePath();
    let fromPages = 0;
    fc.assert(
      fc.property(fileShape, (shape) => {
        makeFile(path, shape);
        const both = new BothPaths(path);
        try {
          expect(both.pages).toBeDefined();
          for (const table of TABLES) {
            const columns = [...COLUMNS, ...(table === 'aliased' ? ['id'] : [])];
            const more = table === 'keyed' ? { rowidName: undefined, keyCount: 2 } : {};
            const added = shape.isAltered ? ['later', 'last'] : [];
            fromPages += compareTable(both, table, [...columns, ...added], more);
          }
        } finally {
          both.close();
        }
      }),
      { numRuns: 8, endOnFailure: true },
    );
    expect(fromPages).toBeGreaterThan(5_000);
  });

  it(`are encoded as SQLite gives them, of ${REAL_FILES.length === 0 ? 'a generated file, as ../shared/data is absent' : REAL_FILES.join(', ')}`, async () => {
    let fromPages = 0;
    for (const file of REAL_FILES.length === 0 ? [undefined] : REAL_FILES) {
      const path = await temporarySqlitePath();
      if (file === undefined) makeOrdinaryFile(path);
      else copyFileSync(join(SHARED_DATA, file), path);
      chmodSync(path, 0o600);
      const { plan } = await auditFile(path);
      const both = new BothPaths(path);
      for (const planned of plan.tables) {
        const reading = readingOf(plan, planned);
        const range =
          reading.rowidName === undefined ? undefined : both.span(planned.source, reading.rowidName);
        const [bySqlite, byPages] = both.encode(reading, range);
        fromPages += byPages.pageRows;
        expect(byPages.tuples.equals(bySqlite.tuples)).toBe(true);
        expect({ ...byPages, tuples: 0, pageRows: 0 }).toEqual({ ...bySqlite, tuples: 0 });
      }
      both.close();
    }
    expect(fromPages).toBeGreaterThan(REAL_FILES.length * 100);
  });

  it('are put together from their overflow pages, whatever their length', async () => {
    const path = await temporarySqlitePath();
    const database = new Sqlite(path);
    database.exec(`pragma page_size = 512;
      create table plain (t text);
      create table keyed (k1 integer, k2 integer, t text, primary key (k2, k1)) without rowid;
      with recursive n (i) as (select 0 union all select i + 1 from n where i < 2100)
        insert into plain select printf('%.*c', i, char(33 + i % 90)) from n;
      insert into keyed select rowid, 0, t from plain`);
    database.close();
    const both = new BothPaths(path);
    for (const [table, more] of [
      ['plain', {}],
      ['keyed', { rowidName: undefined, keyCount: 2 }],
    ] as const) {
      const [bySqlite, byPages] = both.encode(
        readingAs(table, [['t', 'text']], more),
        table === 'plain' ? both.span(table) : undefined,
      );
      expect(byPages.tuples.equals(bySqlite.tuples)).toBe(true);
      expect(byPages.pageRows).toBe(2101);
    }
    both.close();
  });
});
