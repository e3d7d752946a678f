import type { Engine } from '../contender.ts';
import { percentile } from '../measure/loop-delay.ts';
import { DURABLE, type Scenario } from '../scenario.ts';

/** Measures the time from opening to the first row. The code is already loaded. */
export function openTime(engine: Engine): Scenario {
  return {
    name: 'open',
    title: 'open, and read the first row',
    engine,
    unit: 'ms',
    isLowerBetter: true,
    target: DURABLE,
    measure: async (run) => {
      const end = performance.now() + run.durationMs;
      const openings: number[] = [];
      while (openings.length === 0 || performance.now() < end) {
        await run.close();
        const since = performance.now();
        await run.open();
        await run.session.get(1);
        openings.push(performance.now() - since);
      }
      return {
        value: percentile(
          openings.toSorted((a, b) => a - b),
          0.5,
        ),
      };
    },
  };
}
