import type { Target } from '../contender.ts';
import type { ContenderEntry } from '../contenders.ts';
import type { Scenario } from '../scenario.ts';

/** Where contenders find the rows they work on. */
export interface Data {
  /** How many rows there are, under the ids from 1 on. */
  readonly rows: number;
  provide(entry: ContenderEntry, scenario: Scenario): Promise<Target>;
  /** The first id a contender may give to a new row. */
  firstId(): number;
  discard(target: Target): Promise<void>;
  close(): Promise<void>;
}
