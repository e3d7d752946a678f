/** How long and how often everything is measured. */
export interface Pace {
  readonly rounds: number;
  readonly turnMs: number;
  /** Before anything is measured, so that it is compiled as in a process that has run for a while. */
  readonly warmUpMs: number;
  /** Share of the full amount, where a scenario has an amount and not a time. */
  readonly scale: number;
  /** Rows in the table before anything is measured. */
  readonly rows: Readonly<Record<'postgres' | 'sqlite', number>>;
}

/** For figures worth keeping. */
export const FULL_PACE: Pace = {
  rounds: 5,
  turnMs: 300,
  warmUpMs: 2000,
  scale: 1,
  rows: { sqlite: 100_000, postgres: 1_000_000 },
};

/** To see that everything runs. */
export const QUICK_PACE: Pace = {
  rounds: 2,
  turnMs: 60,
  warmUpMs: 30,
  scale: 0.05,
  rows: { sqlite: 20_000, postgres: 20_000 },
};
