import { Summary, type SummarySnapshot } from '../metrics/summary.js';
import type { Priority } from './priority.js';

/** Adds up how long the callers of a lane waited, in all and by priority. */
export class LaneWaits {
  readonly #byPriority = { high: new Summary(), normal: new Summary(), low: new Summary() };

  record(ms: number, priority: Priority): void {
    this.#byPriority[priority].record(ms);
  }

  snapshot(): {
    readonly waits: SummarySnapshot;
    readonly waitsByPriority: Readonly<Record<Priority, SummarySnapshot>>;
  } {
    const { high, normal, low } = this.#byPriority;
    return {
      waits: Summary.merged([high, normal, low]),
      waitsByPriority: { high: high.snapshot(), normal: normal.snapshot(), low: low.snapshot() },
    };
  }
}
