import type { Target } from '../contender.ts';
import type { ContenderEntry } from '../contenders.ts';
import type { Scenario } from '../scenario.ts';

/** The rows on which contenders work. */
export interface Data {
  /** The number of rows. Their ids begin with 1. */
  readonly rows: number;
  provide(entry: ContenderEntry, scenario: Scenario): Promise<Target>;
  /** Returns the first id that a contender may use for a new row. */
  firstId(): number;
  discard(target: Target): Promise<void>;
  close(): Promise<void>;
}
