import cliProgress from 'cli-progress';
import type { LoadTally } from '../load/load-tally.js';

const FORMAT = '{bar} {percentage}% | {value} of {total} files | {rate} files/s | {left} left';
/** The interval of progress lines without a terminal, in milliseconds. */
const LINE_EVERY_MS = 2_000;

/** Shows the progress of a load on standard error: a bar on a terminal, a line from time to time elsewhere. */
export class LoadProgress {
  readonly #bar = new cliProgress.SingleBar({
    format: FORMAT,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    gracefulExit: false,
    noTTYOutput: true,
    notTTYSchedule: LINE_EVERY_MS,
    stream: process.stderr,
  });
  readonly #since = performance.now();
  #checked = 0;
  #total: number | undefined;
  #isOver = false;

  /** Starts the display when the number of files is known. If the load has ended by then, it shows nothing. */
  start(total: number): void {
    if (this.#isOver) return;
    this.#total = total;
    this.#bar.start(total, Math.min(this.#checked, total), this.#speed());
  }

  update({ checked }: LoadTally): void {
    this.#checked = checked;
    if (this.#total === undefined) return;
    this.#bar.update(Math.min(checked, this.#total), this.#speed());
  }

  stop(): void {
    this.#isOver = true;
    if (this.#total !== undefined) this.#bar.stop();
  }

  #speed(): { rate: string; left: string } {
    const perSecond = this.#checked / ((performance.now() - this.#since) / 1000);
    const seconds = Math.max(0, (this.#total ?? 0) - this.#checked) / perSecond;
    return {
      rate: Math.round(perSecond).toLocaleString('en'),
      left: Number.isFinite(seconds) ? `${Math.ceil(seconds)} s` : '…',
    };
  }
}
