import { drive } from '../measure/drive.ts';
import { DURABLE, type Scenario } from '../scenario.ts';
import { offered } from './calls.ts';

const CALLERS = 64;

/** All callers read and write the same row, in serializable transactions. */
export function hotCounter(floor: number): Scenario {
  return {
    name: 'hot-counter',
    title: `hot counter, ${CALLERS} callers, serializable`,
    engine: 'postgres',
    unit: 'increments/s',
    target: DURABLE,
    durationFactor: 3,
    floor,
    measure: async ({ session, durationMs }) => {
      const call = offered(session.increment?.bind(session));
      const before = session.replays?.() ?? 0;
      const driven = await drive(() => call(1), { inFlight: CALLERS, durationMs, isPaced: true });
      const replays = ((session.replays?.() ?? 0) - before) / Math.max(1, driven.calls);
      return {
        value: (driven.calls / driven.elapsedMs) * 1000,
        loop: driven.loop,
        latencies: driven.latencies,
        details: { replays },
      };
    },
  };
}
