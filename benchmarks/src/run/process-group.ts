import type { Target } from '../contender.ts';
import type { ContenderEntry } from '../contenders.ts';
import { percentile } from '../measure/loop-delay.ts';
import type { Measurement, Scenario } from '../scenario.ts';
import { ContenderProcess } from './contender-process.ts';

/** The result of one round of a contender, combined from all its processes. */
export type RoundFigures = Omit<Measurement, 'latencies'> & {
  /** The 99th percentile of the latencies, if calls were timed. */
  readonly p99Ms?: number;
};

/** The processes of one contender in one scenario. Most scenarios use one process. */
export class ProcessGroup {
  readonly entry: ContenderEntry;
  readonly #scenario: Scenario;
  readonly #processes: readonly ContenderProcess[];

  /** Uses `first` as its first process, if it is given. */
  constructor(entry: ContenderEntry, scenario: Scenario, env: NodeJS.ProcessEnv, first?: ContenderProcess) {
    this.entry = entry;
    this.#scenario = scenario;
    const count = scenario.processes ?? 1;
    this.#processes = Array.from({ length: count }, (_, index) =>
      index === 0 && first ? first : new ContenderProcess(env),
    );
  }

  /** Loads the contender and opens it on `target`. Returns the versions and settings that it reports. */
  async open(target: Target, firstId: number, rows: number): Promise<Record<string, unknown>> {
    const step = this.#processes.length;
    const [told] = await Promise.all(
      this.#processes.map(async (each, index) => {
        const { versions } = await each.load(this.entry.engine, this.entry.name);
        const ids = { first: firstId + index, step };
        const { settings } = await each.request({ kind: 'open', target, ids, rows, seed: SEED + index });
        return { versions, settings };
      }),
    );
    return { ...told };
  }

  async measure(durationMs: number, scale: number): Promise<RoundFigures> {
    const request = { kind: 'measure', scenario: this.#scenario.name, durationMs, scale } as const;
    const parts = await Promise.all(this.#processes.map((each) => each.request(request)));
    return merge(parts);
  }

  /** Closes the contender and ends its processes, except `kept`. */
  async close(kept?: ContenderProcess): Promise<void> {
    await Promise.all(this.#processes.map((each) => each.request({ kind: 'close' }).catch(() => {})));
    await Promise.all(this.#processes.map((each) => (each === kept ? undefined : each.end())));
  }
}

/** The seed of the random keys, the same in every run. */
const SEED = 20_240_607;

function merge(parts: readonly Measurement[]): RoundFigures {
  const loops = parts.flatMap(({ loop }) => loop ?? []);
  const latencies = Float64Array.from(parts.flatMap((part) => [...(part.latencies ?? [])])).sort();
  const details = parts[0]?.details;
  return {
    value: parts.reduce((sum, { value }) => sum + value, 0),
    ...(loops.length > 0 && {
      loop: { p99: Math.max(...loops.map(({ p99 }) => p99)), max: Math.max(...loops.map(({ max }) => max)) },
    }),
    ...(details && { details }),
    ...(latencies.length > 0 && { p99Ms: percentile(latencies, 0.99) }),
    ...(parts.some(({ errors }) => errors) && { errors: sumByCode(parts) }),
  };
}

function sumByCode(parts: readonly Measurement[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { errors = {} } of parts) {
    for (const [code, count] of Object.entries(errors)) sums[code] = (sums[code] ?? 0) + count;
  }
  return sums;
}
