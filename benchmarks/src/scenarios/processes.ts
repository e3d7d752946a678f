import { drive } from '../measure/drive.ts';
import { DURABLE, type Scenario } from '../scenario.ts';

const CALLERS = 4;

/** Several processes insert into one file concurrently. Each call begins in its own turn of the event loop. */
export function processes(count: number): Scenario {
  return {
    name: `processes-${count}`,
    title: `insert, ${count} processes on one file with ${CALLERS} callers each, durability full`,
    engine: 'sqlite',
    unit: 'inserts/s',
    target: DURABLE,
    processes: count,
    durationFactor: 2,
    measure: async (run) => {
      const options = { inFlight: CALLERS, durationMs: run.durationMs, isPaced: true, toleratesErrors: true };
      const { calls, elapsedMs, loop, errors, latencies } = await drive(
        () => run.session.insert(run.nextItem()),
        options,
      );
      return { value: (calls / elapsedMs) * 1000, loop, errors, latencies };
    },
  };
}
