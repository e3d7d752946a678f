import { OverloadedError, TimeoutError } from '@sluice/core';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';

const soon = () => ({ deadline: performance.now() + 100 });

test('leaves two connections to others, however many streams and reads are open, and says what the next one waits for', async () => {
  const { database, run } = await openDatabase({ poolSize: 5 });
  const open = await Promise.all(Array.from({ length: 3 }, () => database.begin({ access: 'read' })));
  expect(database.metrics().engine.snapshotsHeld).toBe(3);
  const error = await rejection(database.begin({ access: 'read', ...soon() }));
  expect(error).toBeInstanceOf(TimeoutError);
  expect(String(error)).toContain("3 of the pool's 5 at once (`snapshots`)");
  const writer = await database.begin({ access: 'write' });
  await run('select 1');
  const waiting = run('select 1', [], { deadline: performance.now() + 10_000 });
  await Promise.all([waiting, database.ping({}), writer.rollback(), ...open.map((read) => read.rollback())]);
  expect(database.metrics().engine.snapshotsHeld).toBe(0);
});

test('a stream counts as a snapshot, also one that may write, until it ends', async () => {
  const { database } = await openDatabase({ poolSize: 4, snapshots: 1 });
  for (const access of ['read', 'unknown'] as const) {
    const sql = 'select n from generate_series(1, 10) n';
    const stream = database.stream({ sql, parameters: [], access }, 1, {});
    const rows = stream[Symbol.asyncIterator]();
    await rows.next();
    expect(database.metrics().engine.snapshotsHeld).toBe(1);
    expect(await rejection(database.begin({ access: 'read', ...soon() }))).toBeInstanceOf(TimeoutError);
    await rows.return?.();
    await until(() => database.metrics().engine.snapshotsHeld === 0);
  }
});

test('refuses what does not find room to wait for a snapshot', async () => {
  const { database, run } = await openDatabase({ poolSize: 3, snapshots: 1, queueLimit: 1 });
  const open = await database.begin({ access: 'read' });
  const waiting = database.begin({ access: 'read' });
  expect(await rejection(database.begin({ access: 'read' }))).toBeInstanceOf(OverloadedError);
  await run('select 1');
  await open.rollback();
  await (await waiting).rollback();
});

test('with two connections, a stream leaves one to a writer', async () => {
  const { database } = await openDatabase({ poolSize: 2 });
  const read = await database.begin({ access: 'read' });
  const writer = await database.begin({ access: 'write' });
  await Promise.all([read.rollback(), writer.rollback()]);
});

test('closing waits for the snapshots that were promised a connection', async () => {
  const { database } = await openDatabase({ poolSize: 3, snapshots: 1 });
  const open = await database.begin({ access: 'read' });
  const waiting = database.begin({ access: 'read' });
  const closing = database.close();
  await open.rollback();
  const last = await waiting;
  await last.execute({ sql: 'select 1', parameters: [], access: 'read' }, {});
  await last.rollback();
  await closing;
});

test.each([0, 11, 1.5])('refuses %d snapshots', async (snapshots) => {
  expect(String(await rejection(openDatabase({ snapshots })))).toContain('snapshots');
});
