/** The durations, repetitions and sizes of a run. */
export interface Pace {
  readonly rounds: number;
  readonly turnMs: number;
  /** The time before each measurement, so that the code is compiled as in a process that has run for a while. */
  readonly warmUpMs: number;
  /** The share of the full amount, for scenarios with an amount instead of a time. */
  readonly scale: number;
  /** Rows in the table before the measurement. */
  readonly rows: Readonly<Record<'postgres' | 'sqlite', number>>;
}

/** For results that are kept. */
export const FULL_PACE: Pace = {
  rounds: 5,
  turnMs: 300,
  warmUpMs: 2000,
  scale: 1,
  rows: { sqlite: 100_000, postgres: 1_000_000 },
};

/** For checking that everything runs. */
export const QUICK_PACE: Pace = {
  rounds: 2,
  turnMs: 60,
  warmUpMs: 30,
  scale: 0.05,
  rows: { sqlite: 20_000, postgres: 20_000 },
};
