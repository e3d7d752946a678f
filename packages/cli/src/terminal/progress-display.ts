import type { SingleBar } from 'cli-progress';
import type { CommandOutput } from '../command/command-output.js';
import { count } from './text-table.js';

/** The progress of a phase of work. */
export interface ProgressStep {
  readonly phase: string;
  readonly table: string | undefined;
  /** Rows since the last step. */
  readonly rows: number;
  readonly totalRows: number | undefined;
}

/** Number of printed lines for each phase if there is no terminal. */
const LINES_PER_PHASE = 10;

/** Shows the progress with its rate and the remaining time: a bar on a terminal, else a line for each tenth of a phase. */
export class ProgressDisplay {
  readonly #output: CommandOutput;
  readonly #Bar: typeof SingleBar | undefined;
  #bar: SingleBar | undefined;
  #phase = '';
  #rows = 0;
  #printed = 0;
  #startedAt = 0;

  private constructor(output: CommandOutput, Bar: typeof SingleBar | undefined) {
    this.#output = output;
    this.#Bar = Bar;
  }

  /** Loads the library for bars only if there is a terminal. */
  static async open(output: CommandOutput): Promise<ProgressDisplay> {
    const bars = output.isTerminal === true ? await import('cli-progress') : undefined;
    return new ProgressDisplay(output, bars?.SingleBar);
  }

  update({ phase, table, rows, totalRows }: ProgressStep): void {
    if (phase !== this.#phase) this.#begin(phase, totalRows);
    this.#rows += rows;
    if (this.#bar !== undefined) this.#bar.update(this.#rows, { table: table ?? '', rate: this.#rate() });
    else if (totalRows !== undefined && totalRows > 0) this.#line(totalRows);
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #begin(phase: string, totalRows: number | undefined): void {
    this.stop();
    this.#phase = phase;
    this.#rows = 0;
    this.#printed = 0;
    this.#startedAt = performance.now();
    if (this.#Bar === undefined) {
      this.#output.err(`${phase}\n`);
      return;
    }
    this.#bar = new this.#Bar({
      format:
        totalRows === undefined
          ? `${phase}  {value} rows  {rate} rows/s  {table}`
          : `${phase}  {bar} {percentage} %  {value}/{total} rows  {rate} rows/s  {eta_formatted} left  {table}`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      etaBuffer: 100,
    });
    this.#bar.start(totalRows ?? 0, 0, { table: '', rate: '0' });
  }

  /** Returns the rows per second. */
  #rate(): string {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    return count(Math.round(this.#rows / Math.max(seconds, 0.001)));
  }

  #line(totalRows: number): void {
    const tenth = Math.floor((this.#rows / totalRows) * LINES_PER_PHASE);
    if (tenth <= this.#printed) return;
    this.#printed = tenth;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const left = Math.max(0, Math.round((seconds * (totalRows - this.#rows)) / this.#rows));
    this.#output.err(
      `${this.#phase}  ${tenth * 10} %  ${count(this.#rows)} of ${count(totalRows)} rows, ${this.#rate()} rows/s, ${left} s left\n`,
    );
  }
}
