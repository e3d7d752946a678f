import type { LoadProgress } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { rejection } from '../../fixture/rejection.js';

/** `load` commits each batch, and reports correctly how many rows are committed. */
export function loadCases(fixture: Fixture): void {
  const accounts = () => fixture.storage.repository('account', { key: 'name' });
  const row = (index: number): { name: string; balance: number } => ({ name: `n${index}`, balance: index });

  describe('load', () => {
    test('C4 load stores the rows of an iterable, an array and a generator, and says how far it came', async () => {
      async function* lazily(): AsyncGenerator<ReturnType<typeof row>> {
        for (let index = 100; index < 225; index += 1) yield row(index);
      }
      const fromArray = await accounts().load(
        Array.from({ length: 25 }, (_, index) => row(index)),
        { batchSize: 10 },
      );
      const fromGenerator = await accounts().load(lazily(), { batchSize: 50 });
      const fromSet = await accounts().load(new Set([row(500)]));
      expect(fromArray).toStrictEqual({ rows: 25, batches: 3, elapsedMs: expect.any(Number) });
      expect(fromGenerator).toStrictEqual({ rows: 125, batches: 3, elapsedMs: expect.any(Number) });
      expect(fromSet).toMatchObject({ rows: 1, batches: 1 });
      expect(await accounts().count()).toBe(151);
    });

    test('C4 load of nothing stores nothing', async () => {
      expect(await accounts().load([])).toMatchObject({ rows: 0, batches: 0 });
    });

    test('C4 load keeps the batches before a failing one and undoes that one', async () => {
      const rows = Array.from({ length: 50 }, (_, index) => row(index === 25 ? 3 : index));
      const told: LoadProgress[] = [];
      const work = accounts().load(rows, { batchSize: 10, onProgress: (progress) => told.push(progress) });
      await expectRefusal(work, 'unique_violation');
      expect(told.map(({ rows: count, batches }) => [count, batches])).toStrictEqual([
        [10, 1],
        [20, 2],
      ]);
      expect(await accounts().count()).toBe(20);
    });

    test('C4 onProgress reports the rows that are already committed', async () => {
      const seen: (readonly [number, Promise<number>])[] = [];
      await accounts().load(
        Array.from({ length: 40 }, (_, index) => row(index)),
        { batchSize: 10, onProgress: ({ rows }) => seen.push([rows, accounts().count()]) },
      );
      expect(seen.map(([rows]) => rows)).toStrictEqual([10, 20, 30, 40]);
      for (const [rows, count] of seen) expect(await count).toBeGreaterThanOrEqual(rows);
    });

    test('C4 what onProgress throws ends the load after its batch', async () => {
      const failure = new Error('enough');
      const work = accounts().load(
        Array.from({ length: 40 }, (_, index) => row(index)),
        {
          batchSize: 10,
          onProgress: () => {
            throw failure;
          },
        },
      );
      expect(await rejection(work)).toBe(failure);
      expect(await accounts().count()).toBe(10);
    });

    test('C4 a source that fails ends the load with its own error, and its generator is closed on any end', async () => {
      const failure = new Error('disk unplugged');
      async function* failing(): AsyncGenerator<ReturnType<typeof row>> {
        for (let index = 0; index < 15; index += 1) yield row(index);
        throw failure;
      }
      expect(await rejection(accounts().load(failing(), { batchSize: 10 }))).toBe(failure);
      expect(await accounts().count()).toBe(10);

      let isClosed = false;
      function* closing(): Generator<ReturnType<typeof row>> {
        try {
          for (;;) yield row(0);
        } finally {
          isClosed = true;
        }
      }
      await expectRefusal(accounts().load(closing(), { batchSize: 5 }), 'unique_violation');
      expect(isClosed).toBe(true);
    });

    test('C4 load holds one batch of its source at a time', async () => {
      let taken = 0;
      let committed = 0;
      function* counting(): Generator<ReturnType<typeof row>> {
        for (; taken < 200; taken += 1) {
          expect(taken - committed).toBeLessThanOrEqual(20);
          yield row(taken);
        }
      }
      await accounts().load(counting(), {
        batchSize: 10,
        onProgress: ({ rows }) => {
          committed = rows;
        },
      });
      expect(committed).toBe(200);
    });

    test('C4 load lets other writers in between its batches', async () => {
      const notes = fixture.storage.repository('note', { key: 'id' });
      const between: Promise<unknown>[] = [];
      let atProgress = 0;
      await accounts().load(
        Array.from({ length: 100 }, (_, index) => row(index)),
        {
          batchSize: 10,
          onProgress: () => {
            atProgress += 1;
            between.push(notes.insert({ id: atProgress, body: null, rank: null, pinned: null }));
          },
        },
      );
      await Promise.all(between);
      expect(await notes.count()).toBe(10);
      expect(await accounts().count()).toBe(100);
    });

    test('C4 load is refused inside a transaction', async () => {
      const work = fixture.storage.write((tx) => tx.repository('account', { key: 'name' }).load([row(1)]));
      await expectRefusal(work, 'invalid_query');
    });

    for (const batchSize of [0, -1, 1.5, Number.NaN]) {
      test(`C4 load refuses a batch of ${batchSize} rows`, async () => {
        await expectRefusal(accounts().load([row(1)], { batchSize }), 'invalid_query');
        expect(await accounts().count()).toBe(0);
      });
    }
  });
}
