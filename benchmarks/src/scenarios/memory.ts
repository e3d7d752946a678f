import type { Engine } from '../contender.ts';
import { DURABLE, type Scenario } from '../scenario.ts';

/** Measures the resident memory that a contender adds to a bare Node process by loading, opening and some work. */
export function memory(engine: Engine): Scenario {
  return {
    name: 'memory',
    title: 'memory added to a bare Node process, open and after 2,000 reads and 200 inserts',
    engine,
    unit: 'MB',
    isLowerBetter: true,
    isCold: true,
    target: DURABLE,
    measure: async (run) => {
      for (let count = 0; count < 200; count += 1) {
        await run.session.insert(run.nextItem());
        for (let reads = 0; reads < 10; reads += 1) await run.session.get(1 + run.random(run.rows));
      }
      globalThis.gc?.();
      return { value: (process.memoryUsage.rss() - run.bareMemory) / 2 ** 20 };
    },
  };
}
