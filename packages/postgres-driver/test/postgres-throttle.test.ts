import { until } from '@sluice/testkit/driver-tests';
import { expect, test } from 'vitest';
import { openTables } from './opened-storage.js';

interface Tables {
  readonly counter: { readonly id: number; readonly value: number };
}

const SCHEMA = [
  'create table counter (id integer primary key, value integer not null)',
  'insert into counter values (1, 0), (2, 0)',
];

const CALLERS = 32;
const TURNS = 10;

test('a counter that everybody raises loses nothing, and few attempts are wasted', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  let attempts = 0;
  const raise = (): Promise<unknown> =>
    storage.write(async (tx) => {
      attempts += 1;
      const counters = tx.repository('counter', { key: 'id' });
      const { value } = await counters.getOrThrow(1);
      await counters.update(1, { value: value + 1 });
    });
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      for (let turn = 0; turn < TURNS; turn += 1) await raise();
    }),
  );
  const total = CALLERS * TURNS;
  const row = await storage.repository('counter', { key: 'id' }).get(1);
  expect(row).toEqual({ id: 1, value: total });
  expect(attempts).toBeLessThan(1.5 * total);
  expect(storage.metrics().database.writer).toMatchObject({ held: 0, queued: { normal: 0 } });
});

test('writers of another label go on while those of one are held back', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  let isOver = false;
  const storm = Array.from({ length: 16 }, async () => {
    while (!isOver) {
      await storage.write(
        async (tx) => {
          const counters = tx.repository('counter', { key: 'id' });
          const { value } = await counters.getOrThrow(1);
          await counters.update(1, { value: value + 1 });
        },
        { label: 'storm' },
      );
    }
  });
  await until(() => (storage.metrics().replays.serialization ?? 0) > 20);
  let before = 0;
  await storage.write(
    async (tx) => {
      const counters = tx.repository('counter', { key: 'id' });
      before = (await counters.getOrThrow(2)).value;
      await counters.update(2, { value: before + 1 });
    },
    { label: 'calm' },
  );
  isOver = true;
  await Promise.all(storm);
  expect(await storage.repository('counter', { key: 'id' }).get(2)).toEqual({ id: 2, value: before + 1 });
});
