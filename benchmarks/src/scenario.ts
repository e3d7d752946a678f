import type { Engine, Session, Target } from './contender.ts';
import type { LoopFigures } from './measure/loop-delay.ts';
import type { Random } from './measure/random.ts';
import type { Item } from './workload/item.ts';

/** The context of one measurement. */
export interface Run {
  readonly session: Session;
  readonly random: Random;
  /** The duration of the measurement, for scenarios with a time. */
  readonly durationMs: number;
  /** The amount of work, for scenarios with an amount: 1 in a full run, less in a quick one and for the warm-up. */
  readonly scale: number;
  /** The number of rows at the beginning. Their ids begin with 1. */
  readonly rows: number;
  /** Resident memory before the contender was loaded, in bytes. */
  readonly bareMemory: number;
  /** Returns a new row that was never returned before, in this or another process. */
  nextItem(): Item;
  /** Closes the session. */
  close(): Promise<void>;
  /** Opens the session again, as {@link Run.session}. */
  open(): Promise<void>;
}

/** The result of one measurement. */
export interface Measurement {
  /** The value in the scenario's unit. */
  readonly value: number;
  readonly loop?: LoopFigures;
  /** Other results by name. */
  readonly details?: Readonly<Record<string, number>>;
  /** The number of errors that callers got, by code. */
  readonly errors?: Readonly<Record<string, number>>;
  /** The latency of each call, in milliseconds. */
  readonly latencies?: Float64Array;
}

/** A measurement that is the same for all contenders. */
export interface Scenario {
  /** The name for `--scenario`, unique within its engine. */
  readonly name: string;
  readonly title: string;
  readonly engine: Engine;
  readonly unit: string;
  /** Whether smaller values are better, as for bytes and milliseconds. */
  readonly isLowerBetter?: boolean;
  readonly target: Pick<Target, 'durability' | 'journal'>;
  /** The number of processes that work on the same data concurrently. Default 1. */
  readonly processes?: number;
  /** The minimum time of every flush of the disk. */
  readonly slowSyncMs?: number;
  /** Whether there is no warm-up. */
  readonly isCold?: boolean;
  /** The contenders, if all others would do the same. Default all. */
  readonly contenders?: readonly string[];
  /** Factor of the measuring time. Default 1. */
  readonly durationFactor?: number;
  /** Factor of the warm-up time, for scenarios with so few calls that V8 would still be compiling. Default 1. */
  readonly warmUp?: number;
  /** The maximum number of rounds, for scenarios with long rounds. */
  readonly mostRounds?: number;
  /** The ratio to the reference that the project requires of Sluice. */
  readonly floor?: number;
  measure(run: Run): Promise<Measurement>;
}

/** The target of most scenarios: WAL, with a flush for every commit. */
export const DURABLE: Scenario['target'] = { durability: 'full', journal: 'wal' };
