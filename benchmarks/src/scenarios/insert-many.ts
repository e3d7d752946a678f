import type { Engine } from '../contender.ts';
import { LoopDelay, nextTurn } from '../measure/loop-delay.ts';
import { DURABLE, type Scenario } from '../scenario.ts';

const ROWS = 100_000;

/** Inserts 100,000 rows by one call, all or none. */
export function insertMany(engine: Engine, floor: number): Scenario {
  return {
    name: 'insert-many',
    title: `insertMany, ${ROWS.toLocaleString('en')} rows`,
    engine,
    unit: 'rows/s',
    target: DURABLE,
    mostRounds: 3,
    floor,
    measure: async ({ session, scale, nextItem }) => {
      const items = Array.from({ length: Math.round(ROWS * scale) }, nextItem);
      const delay = new LoopDelay();
      await nextTurn();
      delay.start();
      const since = performance.now();
      await session.insertMany(items);
      const elapsedMs = performance.now() - since;
      return { value: (items.length / elapsedMs) * 1000, loop: delay.stop() };
    },
  };
}
