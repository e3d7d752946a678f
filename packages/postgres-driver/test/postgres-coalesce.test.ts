import {
  AbortedError,
  CheckViolationError,
  NotNullViolationError,
  OverloadedError,
  type Storage,
  TimeoutError,
  UniqueViolationError,
} from '@sluice/core';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openTables } from './opened-storage.js';

interface Book {
  readonly isbn: string;
  readonly copies: number;
  readonly title: string | null;
}

interface Seat {
  readonly hall: number;
  readonly place: bigint;
  readonly guest: string;
}

interface Tables {
  readonly book: Book;
  readonly seat: Seat;
}

const SCHEMA = [
  'create table book (isbn text collate "C" primary key, copies integer not null check (copies >= 0), title varchar(20) unique)',
  'create table seat (hall integer, place bigint, guest text not null, primary key (hall, place))',
];

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const bookOf = (n: number): Book => ({ isbn: `isbn "${n}" \\ {é}`, copies: n, title: `title ${n}` });

/** How many statements the driver ran for `work`. */
async function statementsOf(storage: Storage<Tables>, work: () => Promise<unknown>): Promise<number> {
  const count = (): number => {
    const { commits, rollbacks } = storage.metrics().database;
    return commits + rollbacks;
  };
  const before = count();
  await work();
  return count() - before;
}

async function hold(
  storage: Storage<Tables>,
  statement: string,
): Promise<{ readonly release: () => Promise<void> }> {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const done = storage.write(async (tx) => {
    await sql.raw(statement).execute(tx.kysely);
    held.resolve();
    await released.promise;
  });
  await held.promise;
  return {
    release: async () => {
      released.resolve();
      await done;
    },
  };
}

test('answers the lookups of one tick by a statement or two, each caller with a row of its own', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  const books = storage.repository('book', { key: 'isbn' });
  await books.insertMany(range(100).map(bookOf));
  let found: (Book | undefined)[] = [];
  const statements = await statementsOf(storage, async () => {
    found = await Promise.all([...range(120), 5].map((n) => books.get(bookOf(n).isbn)));
  });
  expect(statements).toBeLessThan(4);
  expect(found.slice(0, 100)).toEqual(range(100).map(bookOf));
  expect(found.slice(100, 120)).toEqual(range(20).map(() => undefined));
  expect(found[120]).toEqual(found[5]);
  expect(found[120]).not.toBe(found[5]);
});

test('answers lookups by a key of several columns', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  const seats = storage.repository('seat', { key: ['hall', 'place'] });
  const all = range(40).map((n) => ({
    hall: n % 4,
    place: 9_007_199_254_740_993n + BigInt(n),
    guest: `${n}`,
  }));
  const statements = await statementsOf(storage, async () => {
    expect(await Promise.all(all.map((seat) => seats.insert(seat)))).toEqual(all);
    expect(await Promise.all(all.map(({ hall, place }) => seats.get({ hall, place })))).toEqual(all);
  });
  expect(statements).toBeLessThan(8);
});

test('runs each by itself where that is asked for', async () => {
  const { storage } = await openTables<Tables>(SCHEMA, { coalesce: false });
  const books = storage.repository('book', { key: 'isbn' });
  const statements = await statementsOf(storage, async () => {
    await Promise.all(range(10).map((n) => books.insert(bookOf(n))));
    await Promise.all(range(10).map((n) => books.get(bookOf(n).isbn)));
  });
  expect(statements).toBe(20);
});

test('never answers calls of a transaction together', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  const books = storage.repository('book', { key: 'isbn' });
  await expect(
    storage.write(async (tx) => {
      const inside = tx.repository('book', { key: 'isbn' });
      await Promise.all(range(5).map((n) => inside.insert(bookOf(n))));
      expect(await Promise.all(range(5).map((n) => inside.get(bookOf(n).isbn)))).toEqual(
        range(5).map(bookOf),
      );
      throw new Error('undo');
    }),
  ).rejects.toThrow('undo');
  expect(await books.count()).toBe(0);
});

test('stores the neighbours of a duplicate, and gives its caller the error that is its own', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  const books = storage.repository('book', { key: 'isbn' });
  await books.insert(bookOf(3));
  await books.insert({ ...bookOf(1000), title: 'title 4' });
  let outcomes: PromiseSettledResult<Book>[] = [];
  const statements = await statementsOf(storage, async () => {
    outcomes = await Promise.allSettled(range(50).map((n) => books.insert(bookOf(n))));
  });
  expect(statements).toBeLessThan(8);
  expect(outcomes.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []))).toEqual([3, 4]);
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(errors[0]).toBeInstanceOf(UniqueViolationError);
  expect(errors[0]).toMatchObject({ table: 'book', columns: ['isbn'], operation: 'book.insert' });
  expect(errors[1]).toMatchObject({ table: 'book', columns: ['title'] });
  expect(errors[0]).not.toBe(errors[1]);
  expect(await books.count()).toBe(50);
});

test('stores one of two rows with the same key from one tick', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  const books = storage.repository('book', { key: 'isbn' });
  const rows = range(40).map((n) => ({ ...bookOf(n % 20), title: null, copies: n }));
  const outcomes = await Promise.allSettled(rows.map((row) => books.insert(row)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
  for (const [n, outcome] of outcomes.entries()) {
    const stored = await books.get(rows[n]?.isbn ?? '');
    if (outcome.status === 'fulfilled') expect(stored).toEqual(outcome.value);
    else expect(outcome.reason).toBeInstanceOf(UniqueViolationError);
  }
});

test('gives each row that breaks another constraint its own error, and stores the rest', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  const books = storage.repository('book', { key: 'isbn' });
  const rows = range(64)
    .map(bookOf)
    .map((row, n) => {
      if (n === 7) return { ...row, copies: -1 };
      return n === 40 ? { ...row, copies: null as never } : row;
    });
  const outcomes = await Promise.allSettled(rows.map((row) => books.insert(row)));
  const reasons = outcomes.flatMap((outcome, n) =>
    outcome.status === 'rejected' ? [[n, outcome.reason]] : [],
  );
  expect(reasons).toEqual([
    [7, expect.any(CheckViolationError)],
    [40, expect.any(NotNullViolationError)],
  ]);
  expect(await books.count()).toBe(62);
});

test('keeps rows with different columns apart', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  const books = storage.repository('book', { key: 'isbn' });
  const rows = range(30).map((n) => (n % 2 === 0 ? bookOf(n) : { isbn: bookOf(n).isbn, copies: n }));
  const stored = await Promise.all(rows.map((row) => books.insert(row as Book)));
  expect(stored).toEqual(rows.map((row) => ({ title: null, ...row })));
});

test('stores every row once where a trigger changes keys', async () => {
  const { storage } = await openTables<Tables>([
    ...SCHEMA,
    `create function shout() returns trigger language plpgsql as 'begin new.isbn := new.isbn || ''!''; return new; end'`,
    'create trigger shouting before insert on book for each row execute function shout()',
  ]);
  const books = storage.repository('book', { key: 'isbn' });
  for (const round of range(5)) {
    const rows = range(10).map((n) => bookOf(100 * round + n));
    const stored = await Promise.all(rows.map((row) => books.insert(row)));
    expect(stored).toEqual(rows.map((row) => ({ ...row, isbn: `${row.isbn}!` })));
  }
  expect(await books.count()).toBe(50);
});

test('does not let neighbours wait for a transaction that holds one of the keys', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  const books = storage.repository('book', { key: 'isbn' });
  const holder = await hold(storage, `insert into book values ('isbn "5" \\ {é}', 0, null)`);
  const inserts = range(20).map((n) => books.insert(bookOf(n)));
  await Promise.all(inserts.filter((_, n) => n !== 5));
  await holder.release();
  expect(await rejection(inserts[5] as Promise<Book>)).toBeInstanceOf(UniqueViolationError);
});

test('lets a caller leave a lookup that runs, and answers the others', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  const books = storage.repository('book', { key: 'isbn' });
  await books.insertMany(range(10).map(bookOf));
  const holder = await hold(storage, 'lock table book in access exclusive mode');
  const controller = new AbortController();
  const others = range(8).map((n) => books.get(bookOf(n).isbn));
  const aborted = rejection(books.get(bookOf(8).isbn, { signal: controller.signal }));
  const late = rejection(books.get(bookOf(9).isbn, { timeoutMs: 50 }));
  expect(await late).toBeInstanceOf(TimeoutError);
  controller.abort(new Error('enough'));
  expect(await aborted).toBeInstanceOf(AbortedError);
  await holder.release();
  expect(await Promise.all(others)).toEqual(range(8).map(bookOf));
});

test('cancels a lookup on the server when all its callers have left', async () => {
  const { storage } = await openTables<Tables>(SCHEMA, { poolSize: 3 });
  const books = storage.repository('book', { key: 'isbn' });
  const holder = await hold(storage, 'lock table book in access exclusive mode');
  // Time enough to open the connection on which the lookup then waits.
  const outcomes = await Promise.all(
    range(4).map((n) => rejection(books.get(`${n}`, { timeoutMs: 1_000, label: `call ${n}` }))),
  );
  expect(outcomes).toEqual(
    range(4).map((n) => expect.objectContaining({ code: 'timeout', operation: `call ${n}` })),
  );
  await until(() => storage.metrics().database.readers.held === 0);
  await holder.release();
});

test('does not execute an insert whose caller left while it waited for a connection', async () => {
  const { storage } = await openTables<Tables>(SCHEMA, { poolSize: 1 });
  const books = storage.repository('book', { key: 'isbn' });
  const holder = await hold(storage, 'select 1');
  const controller = new AbortController();
  const kept = range(3).map((n) => books.insert(bookOf(n)));
  const aborted = rejection(books.insert(bookOf(3), { signal: controller.signal }));
  const late = rejection(books.insert(bookOf(4), { timeoutMs: 30 }));
  expect(await late).toBeInstanceOf(TimeoutError);
  controller.abort();
  expect(await aborted).toBeInstanceOf(AbortedError);
  await holder.release();
  await Promise.all(kept);
  expect(await books.count()).toBe(3);
});

test('refuses at once what the queue has no room for, and counts who waits', async () => {
  const { storage } = await openTables<Tables>(SCHEMA, { poolSize: 1, queueLimit: 5 });
  const books = storage.repository('book', { key: 'isbn' });
  const holder = await hold(storage, 'select 1');
  const waiting = range(5).map((n) => books.get(`${n}`));
  expect(await rejection(books.get('5'))).toBeInstanceOf(OverloadedError);
  expect(storage.metrics().database.readers.queued.normal).toBe(5);
  await holder.release();
  expect(await Promise.all(waiting)).toEqual(range(5).map(() => undefined));
});

test('finds a new column after the table was altered', async () => {
  const { storage } = await openTables<Tables>(SCHEMA, { poolSize: 1 });
  const books = storage.repository('book', { key: 'isbn' });
  const get = (): Promise<unknown[]> => Promise.all(range(4).map((n) => books.get(bookOf(n).isbn)));
  await books.insertMany(range(4).map(bookOf));
  for (const _ of range(5)) await get();
  await sql`alter table book add column shelf integer default 7`.execute(storage.kysely);
  expect(await get()).toEqual(range(4).map((n) => ({ ...bookOf(n), shelf: 7 })));
});
