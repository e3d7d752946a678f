import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { Fifo } from './fifo.js';

interface Item {
  readonly id: number;
}

describe('Fifo', () => {
  test('gives items in the order in which they came', () => {
    const fifo = new Fifo<Item>();
    const places = [1, 2, 3].map((id) => fifo.add({ id }));
    expect(fifo.first).toEqual({ id: 1 });
    expect(fifo.remove(places[0] ?? -1)).toBe(true);
    expect(fifo.first).toEqual({ id: 2 });
    expect(fifo.size).toBe(2);
    expect(fifo.items()).toEqual([{ id: 2 }, { id: 3 }]);
  });

  test('lets an item leave once, from anywhere', () => {
    const fifo = new Fifo<Item>();
    const [first = -1, middle = -1, last = -1] = [1, 2, 3].map((id) => fifo.add({ id }));
    expect(fifo.remove(middle)).toBe(true);
    expect(fifo.remove(middle)).toBe(false);
    expect(fifo.remove(first)).toBe(true);
    expect(fifo.first).toEqual({ id: 3 });
    expect(fifo.remove(last)).toBe(true);
    expect(fifo.first).toBeUndefined();
    expect(fifo.size).toBe(0);
    expect(fifo.remove(last)).toBe(false);
    expect(fifo.remove(last + 1)).toBe(false);
  });

  test('is like an array through a long random life', () => {
    const fifo = new Fifo<Item>();
    const model: { readonly item: Item; readonly place: number }[] = [];
    const left: number[] = [];
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let step = 0; step < 50_000; step += 1) {
      // Grows to thousands, and empties itself, in turns.
      const isGrowing = Math.floor(step / 5000) % 2 === 0;
      if (random(10) < (isGrowing ? 8 : 2) || model.length === 0) {
        const item = { id: step };
        model.push({ item, place: fifo.add(item) });
      } else {
        const [gone] = model.splice(random(4) === 0 ? random(model.length) : 0, 1);
        expect(fifo.remove(gone?.place ?? -1)).toBe(true);
        left.push(gone?.place ?? -1);
      }
      expect(fifo.size).toBe(model.length);
      expect(fifo.first).toBe(model[0]?.item);
      if (step % 1000 === 0) expect(fifo.items()).toEqual(model.map(({ item }) => item));
    }
    expect(left.some((place) => fifo.remove(place))).toBe(false);
  });

  test('keeps nothing that has left from the young collections', () => {
    setFlagsFromString('--expose-gc');
    const collect: (options: { readonly type: 'major' | 'minor' }) => void = runInNewContext('gc');
    const fifo = new Fifo<{ readonly content: readonly number[] }>();
    const places: number[] = [];
    collect({ type: 'major' });
    const before = getHeapStatistics().used_heap_size;
    for (let step = 0; step < 4000; step += 1) {
      places.push(fifo.add({ content: new Array<number>(1000).fill(step) }));
      if (fifo.size > 64) fifo.remove(places.shift() ?? -1);
      if (step % 100 === 0) collect({ type: 'minor' });
    }
    collect({ type: 'minor' });
    collect({ type: 'minor' });
    // 32 MB went through; those still there have half a megabyte.
    expect(getHeapStatistics().used_heap_size - before).toBeLessThan(8 * 2 ** 20);
  });
});
