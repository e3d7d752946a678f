import { type Capabilities, increment } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

/** Calls that change the first rows of an order. */
export function chosenRowsCases(fixture: Fixture, { sharedBetweenProcesses }: Capabilities): void {
  const notes = () => fixture.storage.repository('note', { key: 'id' });
  const placements = () => fixture.storage.repository('placement', { key: ['shelf', 'slot'] });
  const store = (count: number) =>
    notes().insertMany(
      Array.from({ length: count }, (_, index) => ({
        id: index + 1,
        body: 'ready',
        rank: count - index,
        pinned: false,
      })),
    );
  const ids = async (body: string): Promise<number[]> =>
    (await notes().find({ where: { body }, orderBy: { id: 'asc' } })).map(({ id }) => id);

  describe('the first rows of an order', () => {
    test('C4 updateMany and deleteMany change no more rows than their limit, the first ones', async () => {
      await store(10);
      const query = { where: { body: 'ready' }, orderBy: { rank: 'asc' }, limit: 3 } as const;
      expect(await notes().updateMany(query, { body: 'done', rank: increment(100) })).toBe(3);
      expect(await ids('done')).toStrictEqual([8, 9, 10]);
      expect(await notes().deleteMany({ ...query, limit: 2 })).toBe(2);
      expect(await ids('ready')).toStrictEqual([1, 2, 3, 4, 5]);
      expect(await notes().deleteMany({ where: {}, limit: 0 })).toBe(0);
      expect(await notes().deleteMany({ where: { body: 'ready' }, limit: 100 })).toBe(5);
      expect(await notes().count()).toBe(3);
    });

    test('C4 rows under a key of several columns are chosen too', async () => {
      await placements().insertMany(
        [1, 2, 3, 4].map((slot) => ({ shelf: slot % 2, slot, label: `l${slot}` })),
      );
      expect(
        await placements().updateMany(
          { where: {}, orderBy: { shelf: 'desc', slot: 'desc' }, limit: 2 },
          { label: 'changed' },
        ),
      ).toBe(2);
      expect(
        (await placements().find({ where: { label: 'changed' }, orderBy: { slot: 'asc' } })).map(
          ({ slot }) => slot,
        ),
      ).toStrictEqual([1, 3]);
      expect(await placements().take({ orderBy: { slot: 'desc' } })).toStrictEqual({
        shelf: 0,
        slot: 4,
        label: 'l4',
      });
      expect(await placements().count()).toBe(3);
    });

    test('C4 take deletes the first row and returns it', async () => {
      await store(3);
      expect(await notes().take({ where: { body: 'ready' }, orderBy: { rank: 'asc' } })).toStrictEqual({
        id: 3,
        body: 'ready',
        rank: 1,
        pinned: false,
      });
      expect(await notes().take({ where: (eb) => eb('rank', '>', 2) })).toMatchObject({ id: 1 });
      expect(await notes().take({ where: { body: 'done' } })).toBeUndefined();
      expect(await ids('ready')).toStrictEqual([2]);
      expect(await notes().take()).toMatchObject({ id: 2 });
      expect(await notes().take()).toBeUndefined();
    });

    test('C4 updateOne updates the first row and returns it', async () => {
      await store(3);
      const query = { where: { body: 'ready' }, orderBy: { rank: 'desc' } } as const;
      expect(await notes().updateOne(query, { body: 'done', rank: increment() })).toStrictEqual({
        id: 1,
        body: 'done',
        rank: 4,
        pinned: false,
      });
      expect(await ids('ready')).toStrictEqual([2, 3]);
      expect(await notes().updateOne({ where: { id: 9 } }, { body: 'x' })).toBeUndefined();
    });

    test('C4 claim updates the first rows and returns them', async () => {
      await store(5);
      const query = { where: { body: 'ready' }, orderBy: { rank: 'asc' }, limit: 2 } as const;
      const claimed = await notes().claim(query, { body: 'running', pinned: true });
      expect(claimed.toSorted((a, b) => a.id - b.id)).toStrictEqual([
        { id: 4, body: 'running', rank: 2, pinned: true },
        { id: 5, body: 'running', rank: 1, pinned: true },
      ]);
      expect(await notes().claim({ ...query, limit: 0 }, { body: 'running' })).toStrictEqual([]);
      expect(await notes().claim({ where: { body: 'x' }, limit: 5 }, { body: 'running' })).toStrictEqual([]);
      expect(await ids('ready')).toStrictEqual([1, 2, 3]);
    });

    test('C6 no row is claimed, or taken, by two callers', async () => {
      await store(60);
      const second = sharedBetweenProcesses ? await fixture.another() : fixture.storage;
      const other = second.repository('note', { key: 'id' });
      const work = async (index: number): Promise<number[]> => {
        const repository = index % 2 === 0 ? notes() : other;
        const done: number[] = [];
        for (;;) {
          const claimed =
            index % 3 === 0
              ? [await repository.take({ where: { body: 'ready' }, orderBy: { rank: 'asc' } })]
              : await repository.claim(
                  { where: { body: 'ready' }, orderBy: { rank: 'asc' }, limit: 3 },
                  { body: `w${index}` },
                );
          const found = claimed.filter((row) => row !== undefined);
          if (found.length === 0) break;
          done.push(...found.map(({ id }) => id));
        }
        return done;
      };
      const all = (await Promise.all(Array.from({ length: 16 }, (_, index) => work(index)))).flat();
      // A worker may end early: what others were changing was left out. The rest is claimed now.
      all.push(
        ...(await notes().claim({ where: { body: 'ready' }, limit: 100 }, { body: 'rest' })).map(
          ({ id }) => id,
        ),
      );
      expect(all.toSorted((a, b) => a - b)).toStrictEqual(
        Array.from({ length: 60 }, (_, index) => index + 1),
      );
    });

    test('C4 calls on the first rows work in transactions', async () => {
      await store(4);
      await fixture.storage.write(async (tx) => {
        const inside = tx.repository('note', { key: 'id' });
        await inside.claim({ where: { body: 'ready' }, orderBy: { id: 'asc' }, limit: 2 }, { body: 'mine' });
        expect(await inside.take({ where: { body: 'mine' }, orderBy: { id: 'desc' } })).toMatchObject({
          id: 2,
        });
        expect(await inside.deleteMany({ where: { body: 'ready' }, limit: 1 })).toBe(1);
      });
      expect(await ids('mine')).toStrictEqual([1]);
      expect(await notes().count()).toBe(2);
    });

    test('C4 calls on the first rows refuse what they do not know', async () => {
      await expectRefusal(notes().claim({ where: {} } as never, { body: 'x' }), 'invalid_query');
      await expectRefusal(notes().claim({ limit: -1 }, { body: 'x' }), 'invalid_query');
      await expectRefusal(notes().claim({ limit: 1 }, {}), 'invalid_query');
      await expectRefusal(notes().take({ limit: 5 } as never), 'invalid_query');
      await expectRefusal(notes().updateOne({ offset: 5 } as never, { body: 'x' }), 'invalid_query');
      await expectRefusal(notes().deleteMany({ where: {}, orderBy: { id: 'asc' } }), 'invalid_query');
      await expectRefusal(notes().deleteMany({ limit: 5 } as never), 'invalid_query');
    });
  });
}
