import type { ContenderEntry } from '../contenders.ts';
import { ContenderProcess } from './contender-process.ts';

/** One process per contender, kept from scenario to scenario. */
export class ProcessPool {
  readonly #processes = new Map<ContenderEntry, ContenderProcess>();

  /** The contender's process; a new one if the last has ended. */
  take(entry: ContenderEntry): ContenderProcess {
    const known = this.#processes.get(entry);
    if (known?.isAlive) return known;
    const started = new ContenderProcess({});
    this.#processes.set(entry, started);
    return started;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((each) => each.end()));
  }
}
