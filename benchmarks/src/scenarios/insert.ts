import type { Engine, Target } from '../contender.ts';
import type { Scenario } from '../scenario.ts';
import { callsPerSecond, inFlightName, inFlightTitle } from './calls.ts';

/** Inserts rows. Each insert is committed separately from the caller's point of view. */
export function insert(
  engine: Engine,
  inFlight: number,
  durability: Target['durability'],
  floor: number | undefined,
): Scenario {
  const level = engine === 'sqlite' ? `, durability ${durability}` : '';
  return {
    name: `insert-${inFlightName(inFlight)}${engine === 'sqlite' ? `-${durability}` : ''}`,
    title: `insert, ${inFlightTitle(inFlight)}${level}`,
    engine,
    unit: 'inserts/s',
    target: { durability, journal: 'wal' },
    ...(floor === undefined ? {} : { floor }),
    measure: (run) => callsPerSecond(run, inFlight, () => run.session.insert(run.nextItem())),
  };
}

/** The same on a disk whose flush takes milliseconds, like an SD card. */
export function insertOnSlowDisk(inFlight: number, slowSyncMs: number, floor: number): Scenario {
  return {
    ...insert('sqlite', inFlight, 'full', floor),
    name: `insert-${inFlightName(inFlight)}-slow-disk`,
    title: `insert, ${inFlightTitle(inFlight)}, durability full, fsync slowed to ${slowSyncMs} ms`,
    slowSyncMs,
    durationFactor: 2,
  };
}

/** One insert in a hundred is refused because its key is taken. Only its own caller may get the error. */
export function insertWithDuplicates(engine: Engine, inFlight: number, floor: number): Scenario {
  return {
    ...insert(engine, inFlight, 'full', floor),
    name: `insert-${inFlightName(inFlight)}-duplicates`,
    title: `insert, ${inFlightTitle(inFlight)}, 1 % duplicates`,
    measure: (run) =>
      callsPerSecond(run, inFlight, async () => {
        if (run.random(100) > 0) return run.session.insert(run.nextItem());
        const error = await refusalOf(() =>
          run.session.insert({ ...run.nextItem(), id: 1 + run.random(run.rows) }),
        );
        if (error === undefined) throw new Error('a duplicate was stored');
        return error;
      }),
  };
}

async function refusalOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}
