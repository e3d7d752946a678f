import { until } from '@sluice/testkit/driver-tests';
import { type Child, startChild } from './child.js';

/** What became of one write. Times are those of the system's monotonic clock, which all processes share. */
export interface Entry {
  readonly kind: 'acknowledged' | 'refused' | 'unknown';
  readonly key: string;
  readonly called: bigint;
  readonly answered: bigint;
  /** The code of the error that refused it. */
  readonly code: string;
}

/** A process that writes to one database after another and keeps a ledger of its writes; see `ledger.mjs`. */
export class LedgerProcess {
  readonly #child: Child = startChild('ledger.mjs');
  readonly #entries: Entry[] = [];
  readonly #told = new Map<string, string>();
  /** How many lines were read. */
  #read = 0;
  #done = '';

  /** Runs a command and resolves when it is done. */
  async do(command: 'close' | 'health' | 'pause' | 'readFile' | 'write' | `open ${string}`): Promise<void> {
    const [name = ''] = command.split(' ');
    this.#done = '';
    this.#child.process.stdin?.write(`${command}\n`);
    await this.until(() => this.#done === name);
  }

  /** Begins a new ledger. */
  begin(): void {
    this.#entries.length = 0;
    this.#told.clear();
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** What it told of itself. */
  told(what: 'health' | 'read'): string | undefined {
    return this.#told.get(what);
  }

  /** How many writes that were called after `since` became of this kind. */
  count(kind: Entry['kind'], since = 0n): number {
    return this.#entries.filter((entry) => entry.kind === kind && entry.called > since).length;
  }

  /** Waits until a condition holds; fails when the process ends before. */
  async until(condition: () => boolean): Promise<void> {
    await until(() => {
      const { exitCode, signalCode } = this.#child.process;
      if (exitCode !== null || signalCode !== null)
        throw new Error(`The process ended: ${exitCode ?? signalCode}.`);
      this.#readLines();
      return condition();
    });
  }

  async end(): Promise<void> {
    this.#child.process.kill('SIGKILL');
    await this.#child.ended;
  }

  #readLines(): void {
    const { lines } = this.#child;
    for (; this.#read < lines.length; this.#read += 1) this.#note(lines[this.#read] ?? '');
  }

  #note(line: string): void {
    const [what = '', key = '', called = '', answered = '', code = ''] = line.split(' ');
    if (what === 'done') this.#done = key;
    else if (answered === '') this.#told.set(what, key);
    else
      this.#entries.push({
        kind: what as Entry['kind'],
        key,
        called: BigInt(called),
        answered: BigInt(answered),
        code,
      });
  }
}
