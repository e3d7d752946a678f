import type { Engine } from '../contender.ts';
import { DURABLE, type Scenario } from '../scenario.ts';
import { callsPerSecond } from './calls.ts';

/** Reads `length` consecutive rows by key, with 8 callers. */
export function list(engine: Engine, length: number, floor: number): Scenario {
  return {
    name: `list-${length}`,
    title: `list ${length.toLocaleString('en')} rows, 8 in flight`,
    engine,
    unit: 'lists/s',
    target: DURABLE,
    floor,
    measure: (run) =>
      callsPerSecond(run, 8, () => run.session.list(1 + run.random(run.rows - length), length)),
  };
}
