import type { Engine, Session, Target } from './contender.ts';
import type { LoopFigures } from './measure/loop-delay.ts';
import type { Random } from './measure/random.ts';
import type { Item } from './workload/item.ts';

/** What one measurement may use. */
export interface Run {
  readonly session: Session;
  readonly random: Random;
  /** How long to measure, where the time and not the amount is given. */
  readonly durationMs: number;
  /** How much to do, where the amount is given: 1 in a full run, less in a quick one and while warming up. */
  readonly scale: number;
  /** Rows that were there from the beginning, under the ids from 1 on. */
  readonly rows: number;
  /** Resident memory before the contender was loaded, in bytes. */
  readonly bareMemory: number;
  /** A row that was never given before, also not to another process. */
  nextItem(): Item;
  /** Closes the session. */
  close(): Promise<void>;
  /** Opens it again, as {@link Run.session}. */
  open(): Promise<void>;
}

/** What came of one measurement. */
export interface Measurement {
  /** In the scenario's unit. */
  readonly value: number;
  readonly loop?: LoopFigures;
  /** Further figures by name. */
  readonly details?: Readonly<Record<string, number>>;
  /** Errors that callers saw, by code. */
  readonly errors?: Readonly<Record<string, number>>;
  /** Of each call, in milliseconds. */
  readonly latencies?: Float64Array;
}

/** One thing to measure, the same for all contenders. */
export interface Scenario {
  /** What `--scenario` takes, unique within its engine. */
  readonly name: string;
  readonly title: string;
  readonly engine: Engine;
  readonly unit: string;
  /** Smaller values are better: bytes, milliseconds. */
  readonly isLowerBetter?: boolean;
  readonly target: Pick<Target, 'durability' | 'journal'>;
  /** Processes at work on the same data at the same time; default 1. */
  readonly processes?: number;
  /** Every flush of the disk takes at least this long. */
  readonly slowSyncMs?: number;
  /** Nothing is done before it is measured. */
  readonly isCold?: boolean;
  /** The only contenders, where all others would do the same; default all. */
  readonly contenders?: readonly string[];
  /** How much longer than others it must be measured; default 1. */
  readonly patience?: number;
  /** How much longer than others it is warmed up, where so little is done in that time that V8 would still be compiling; default 1. */
  readonly warmUp?: number;
  /** At most so many rounds, because one takes long. */
  readonly mostRounds?: number;
  /** The ratio to the reference that the project asks of Sluice. */
  readonly floor?: number;
  measure(run: Run): Promise<Measurement>;
}

/** What most scenarios are given: WAL, every commit flushed. */
export const DURABLE: Scenario['target'] = { durability: 'full', journal: 'wal' };
