import { readFileSync, writeFileSync } from 'node:fs';
import { temporarySqlitePath } from '@sluice/testkit';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TableReading } from '../../src/reader/table-reading.js';
import { BothPaths, type Encoded, readingAs } from './both-paths.js';

const PAGE_SIZE = 512;
const ROWS = 400;

const TABLES: readonly TableReading[] = [
  readingAs('t', [
    ['id', 'bigint'],
    ['line', 'text'],
    ['r', 'double precision'],
  ]),
  readingAs(
    'k',
    [
      ['b', 'text'],
      ['a', 'bigint'],
      ['line', 'text'],
    ],
    { rowidName: undefined, keyCount: 2 },
  ),
];

/** What is written over a page, and where: most damage is done at its beginning, where its kind, cells and children are. */
const damage = fc.record({
  page: fc.nat(10_000),
  at: fc.oneof(fc.nat(40), fc.nat(PAGE_SIZE - 8)),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc.constantFrom(Uint8Array.of(0, 0, 0, 0), Uint8Array.of(255, 255)),
  ),
});

it('gives no row of damaged pages that SQLite would not have given, and always ends', async () => {
  const path = await temporarySqlitePath();
  makeFile(path);
  const whole = readFileSync(path);
  const pages = whole.length / PAGE_SIZE;
  const seen = { refused: 0, same: 0, fromPages: 0 };
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
      const torn = Buffer.from(whole);
      // The schema on the first page stays.
      for (const { page, at, bytes } of damages) torn.set(bytes, (1 + (page % (pages - 1))) * PAGE_SIZE + at);
      writeFileSync(path, torn);
      const both = new BothPaths(path);
      try {
        for (const table of TABLES) look(both, table, seen);
      } finally {
        both.close();
      }
    }),
    { numRuns: 600, endOnFailure: true },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
});

function look(
  both: BothPaths,
  table: TableReading,
  seen: { refused: number; same: number; fromPages: number },
): void {
  const [bySqlite, byPages] = both.encode(
    table,
    table.rowidName === undefined ? undefined : ['-10', String(ROWS + 10)],
  );
  seen.fromPages += byPages.pageRows;
  if (byPages.error !== undefined) {
    seen.refused += 1;
    expect(byPages.error).toMatch(/^SqliteError: |no UTF-8/);
    return;
  }
  // What the copy looks at before its commit.
  const counted = count(both, table.source);
  if (counted !== byPages.rows + byPages.quarantined) {
    seen.refused += 1;
    return;
  }
  seen.same += 1;
  if (bySqlite.error === undefined) expect(tuplesOf(byPages)).toEqual(tuplesOf(bySqlite));
}

function count(both: BothPaths, table: string): number | undefined {
  try {
    return both.database.prepare<unknown[], number>(`select count(*) from ${table}`).pluck().get();
  } catch {
    return undefined;
  }
}

/** Each tuple by itself: two bytes that count its fields, then the fields, each with its length. */
function tuplesOf({ tuples }: Encoded): string[] {
  const found: string[] = [];
  for (let at = 0; at < tuples.length; ) {
    const from = at;
    const fields = tuples.readInt16BE(at);
    at += 2;
    for (let field = 0; field < fields; field += 1) at += 4 + Math.max(0, tuples.readInt32BE(at));
    found.push(tuples.toString('hex', from, at));
  }
  return found.sort();
}

/** Trees of three levels, with overflow pages. */
function makeFile(path: string): void {
  const database = new Sqlite(path);
  database.exec(`pragma page_size = ${PAGE_SIZE}; pragma journal_mode = delete;
    create table t (id integer primary key, line text, r real);
    create table k (a integer, b text, line text, primary key (b, a)) without rowid;
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      insert into t select i, printf('%.*c', i * 7919 % 300 + (i % 50 = 0) * 1500, 'x'), i / 4.0 from n;
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      insert into k select i % 7, 'key ' || (i * 7919 % 1009), printf('%.*c', i % 90 + (i % 60 = 0) * 900, 'y') from n`);
  database.close();
}
