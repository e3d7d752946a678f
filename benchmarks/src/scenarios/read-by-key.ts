import type { Engine } from '../contender.ts';
import { DURABLE, type Scenario } from '../scenario.ts';
import { callsPerSecond, inFlightName, inFlightTitle } from './calls.ts';

/** Reads single rows by random keys. */
export function readByKey(engine: Engine, inFlight: number, floor: number): Scenario {
  return {
    name: `read-${inFlightName(inFlight)}`,
    title: `read by key, ${inFlightTitle(inFlight)}`,
    engine,
    unit: 'reads/s',
    target: DURABLE,
    floor,
    measure: (run) => callsPerSecond(run, inFlight, () => run.session.get(1 + run.random(run.rows))),
  };
}
