import type { ContenderEntry } from '../contenders.ts';
import { ContenderProcess } from './contender-process.ts';

/** Keeps one process for each contender, for all scenarios. */
export class ProcessPool {
  readonly #processes = new Map<ContenderEntry, ContenderProcess>();

  /** Returns the contender's process, or a new one if it has ended. */
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
