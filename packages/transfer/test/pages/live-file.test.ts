import { temporarySqlitePath } from '@sluice/testkit';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BothPaths, readingAs } from './both-paths.js';

/** What an application does between two moments of a transfer. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('insert' as const), rows: fc.nat(60), bytes: fc.nat(2_000) }),
  fc.record({ kind: fc.constant('update' as const), every: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant('delete' as const), every: fc.integer({ min: 2, max: 9 }) }),
  fc.record({
    kind: fc.constant('checkpoint' as const),
    mode: fc.constantFrom('passive', 'full', 'restart', 'truncate'),
  }),
  fc.record({ kind: fc.constant('vacuum' as const) }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const history = fc.record({
  before: fc.array(step, { minLength: 1, maxLength: 8 }),
  /** Whether a transaction is under way that has written to the log and not committed. */
  hasTail: fc.boolean(),
  /** Whether an older reader keeps a part of the log from being checkpointed. */
  hasOlderReader: fc.boolean(),
  /** Whether all of the log is in the file when the transfer begins: then it may begin anew while the transfer reads. */
  isCheckpointed: fc.boolean(),
  during: fc.array(step, { maxLength: 8 }),
});

it('reads one snapshot from the pages of a file and its log, while they are written to and checkpointed', async () => {
  const path = await temporarySqlitePath();
  const application = new Sqlite(path, { timeout: 0 });
  application.exec(`pragma page_size = 1024; pragma auto_vacuum = incremental; pragma journal_mode = wal; pragma wal_autocheckpoint = 0;
    create table t (id integer primary key, line text, n integer);
    create table k (a integer, b text, line text, primary key (b desc, a)) without rowid`);
  const seen = { withLog: 0, fileAlone: 0, restarted: 0 };
  fc.assert(
    fc.property(history, ({ before, hasTail, hasOlderReader, isCheckpointed, during }) => {
      const [early = [], late = []] = hasOlderReader ? [before.slice(0, 2), before.slice(2)] : [before];
      for (const one of early) apply(application, one);
      const older = new Sqlite(path, { readonly: true });
      if (hasOlderReader) older.exec('begin; select count(*) from t');
      for (const one of late) apply(application, one);
      if (isCheckpointed) application.pragma('wal_checkpoint(passive)');
      if (hasTail) beginTail(application);
      const both = new BothPaths(path);
      try {
        seen[both.hasLog ? 'withLog' : 'fileAlone'] += 1;
        const first = compare(both);
        if (hasTail) application.exec('commit');
        older.close();
        for (const one of during) {
          apply(application, one);
          expect(compare(both)).toEqual(first);
        }
        if (!both.hasLog && during.some(({ kind }) => kind === 'insert')) seen.restarted += 1;
      } finally {
        both.close();
        if (application.inTransaction) application.exec('rollback');
      }
    }),
    { numRuns: 25, endOnFailure: true },
  );
  application.close();
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
});

/** Both ways give the same; gives what. */
function compare(both: BothPaths): readonly Buffer[] {
  return [
    {
      reading: readingAs('t', [
        ['id', 'bigint'],
        ['line', 'text'],
        ['n', 'bigint'],
      ]),
      range: both.span('t'),
    },
    {
      reading: readingAs(
        'k',
        [
          ['b', 'text'],
          ['a', 'integer'],
          ['line', 'text'],
        ],
        { rowidName: undefined, keyCount: 2 },
      ),
      range: undefined,
    },
  ].map(({ reading, range }) => {
    const [bySqlite, byPages] = both.encode(reading, range);
    expect(byPages.tuples.equals(bySqlite.tuples)).toBe(true);
    expect(byPages.rows).toBe(bySqlite.rows);
    // None was left to SQLite.
    expect(byPages.pageRows).toBe(byPages.rows);
    return bySqlite.tuples;
  });
}

function apply(application: Sqlite.Database, one: Step): void {
  switch (one.kind) {
    case 'insert':
      application.exec(`with recursive n (i) as (select 1 union all select i + 1 from n where i < ${one.rows})
        insert into t (line, n) select printf('%.*c', abs(random()) % ${one.bytes + 1}, 'x'), random() % 1000 from n;
        with recursive n (i) as (select 1 union all select i + 1 from n where i < ${one.rows})
        insert or ignore into k select random() % 100000, 'key ' || i, printf('%.*c', abs(random()) % ${one.bytes + 1}, 'y') from n`);
      break;
    case 'update':
      application.exec(
        `update t set n = n + 1, line = line || 'z' where id % ${one.every} = 0; update k set line = 'new' where a % ${one.every} = 0`,
      );
      break;
    case 'delete':
      application.exec(`delete from t where id % ${one.every} = 0; delete from k where a % ${one.every} = 0`);
      break;
    case 'checkpoint':
      // It does what readers allow.
      application.pragma(`wal_checkpoint(${one.mode})`);
      break;
    case 'vacuum':
      application.pragma('incremental_vacuum');
      break;
  }
}

/** A transaction larger than the cache goes into the log before it commits. */
function beginTail(application: Sqlite.Database): void {
  application.pragma('cache_size = 5');
  application.exec('begin');
  apply(application, { kind: 'insert', rows: 100, bytes: 1_500 });
}
