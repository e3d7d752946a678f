import { LoopDelay, nextTurn } from '../measure/loop-delay.ts';
import { DURABLE, type Scenario } from '../scenario.ts';
import { offered } from './calls.ts';

const SAMPLE_MS = 10;

/** Reads all rows of the table in one stream. */
export function stream(floor: number): Scenario {
  return {
    name: 'stream',
    title: 'stream the whole table',
    engine: 'postgres',
    unit: 'rows/s',
    target: DURABLE,
    isCold: true,
    mostRounds: 3,
    floor,
    measure: async ({ session, rows }) => {
      const call = offered(session.stream?.bind(session));
      const delay = new LoopDelay();
      const bare = process.memoryUsage.rss();
      let peak = bare;
      const sampling = setInterval(() => {
        peak = Math.max(peak, process.memoryUsage.rss());
      }, SAMPLE_MS);
      await nextTurn();
      delay.start();
      const since = performance.now();
      const count = await call();
      const elapsedMs = performance.now() - since;
      clearInterval(sampling);
      if (count < rows) throw new Error(`${count} rows came of ${rows}`);
      return {
        value: (count / elapsedMs) * 1000,
        loop: delay.stop(),
        details: { peakMemoryMb: (peak - bare) / 2 ** 20 },
      };
    },
  };
}
