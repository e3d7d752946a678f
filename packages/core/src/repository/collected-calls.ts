import type { CatalogSource } from '../driver/catalog-source.js';
import type { ExecuteOptions, Row, Statement, StatementResult } from '../driver/driver.js';
import { StaleCatalogError } from '../errors/flow-errors.js';
import { invalidQuery } from '../errors/invalid-query.js';
import type { StatementRunner } from './statement-runner.js';

/** Does what records the statements of a call, synchronously. */
export type Recording = <T>(record: () => Promise<T>) => Promise<T>;

/** Runs all statements of a batch as one transaction. They were made for the tables of `madeFor`. */
export type RunTogether = (
  statements: readonly Statement[],
  madeFor: ExecuteOptions['madeFor'],
) => Promise<readonly StatementResult[]>;

/** The statements of one call, which waits for their results. */
interface Recorded {
  readonly position: number;
  readonly statements: readonly Statement[];
  readonly madeFor: ExecuteOptions['madeFor'];
  readonly resolve: (results: readonly StatementResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects calls, whose statements then run together, in the order in which the calls were made. Each call has one turn to record its statements; a call that is made
 * again, because tables have changed and nothing was executed, has another.
 */
export class CollectedCalls implements StatementRunner {
  readonly #catalog: CatalogSource;
  #recorded: Recorded[] = [];
  #begun = 0;
  #settled = 0;
  #recording: number | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isOpen = true;
  #onChange: () => void = () => {};

  constructor(catalog: CatalogSource) {
    this.#catalog = catalog;
  }

  /** The error of the first call that failed. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Takes no more calls. */
  close(): void {
    this.#isOpen = false;
  }

  /** Makes a call, whose result comes when the calls have run. @throws UsageError `invalid_query` after the callback of the batch. */
  collect<T>(make: (recording: Recording) => Promise<T>): Promise<T> {
    if (!this.#isOpen) return Promise.reject(invalidQuery('a call of a batch is made in its callback'));
    const position = this.#begun;
    this.#begun += 1;
    const result = make((record) => {
      this.#recording = position;
      try {
        return record();
      } finally {
        this.#recording = undefined;
      }
    });
    result.then(
      () => this.#settle(undefined),
      (error: unknown) => this.#settle({ error }),
    );
    return result;
  }

  /** Refuses a call that has no place in a batch, and the batch with it. */
  refuse(why: string): Promise<never> {
    return this.collect(() => Promise.reject(invalidQuery(why)));
  }

  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    return this.executeAll([statement], options).then(([result]) => result as StatementResult);
  }

  executeAll(
    statements: readonly Statement[],
    { madeFor }: ExecuteOptions,
  ): Promise<readonly StatementResult[]> {
    const position = this.#recording;
    if (position === undefined)
      return Promise.reject(invalidQuery('a call that takes several steps has no place in a batch'));
    return new Promise((resolve, reject) => {
      this.#recorded.push({ position, statements, madeFor, resolve, reject });
      this.#onChange();
    });
  }

  stream(): AsyncIterable<readonly Row[]> {
    throw invalidQuery('`stream` has no place in a batch');
  }

  /** Runs all calls, and waits for the end of each. Whether they failed says {@link CollectedCalls.failure}. Resolves with whether they were executed. */
  async run(together: RunTogether): Promise<boolean> {
    let isExecuted = false;
    for (;;) {
      await this.#allRecorded();
      if (this.#recorded.length === 0) return isExecuted;
      const calls = this.#recorded.sort((one, other) => one.position - other.position);
      this.#recorded = [];
      if (this.#failure !== undefined) rejectAll(calls, this.#failure.error);
      else if (!this.#makeAgainLate(calls)) isExecuted = (await runAll(calls, together)) || isExecuted;
    }
  }

  /** Has those calls made again that were made for tables that are no longer known. Returns whether there were any. */
  #makeAgainLate(calls: readonly Recorded[]): boolean {
    const isLate = ({ madeFor }: Recorded): boolean =>
      madeFor !== undefined && madeFor !== this.#catalog.tables;
    const late = calls.filter(isLate);
    if (late.length === 0) return false;
    this.#recorded.push(...calls.filter((call) => !isLate(call)));
    rejectAll(late, new StaleCatalogError());
    return true;
  }

  async #allRecorded(): Promise<void> {
    while (this.#begun - this.#settled > this.#recorded.length) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }

  #settle(failure: { readonly error: unknown } | undefined): void {
    this.#settled += 1;
    this.#failure ??= failure;
    this.#onChange();
  }
}

/** Runs the calls' statements, and gives each call its results, or the error. Returns whether they were executed. */
async function runAll(calls: readonly Recorded[], together: RunTogether): Promise<boolean> {
  const madeFor = calls.find((call) => call.madeFor !== undefined)?.madeFor;
  const statements = calls.flatMap((call) => call.statements);
  let results: readonly StatementResult[];
  try {
    results = await together(statements, madeFor);
  } catch (error) {
    rejectAll(calls, error);
    return false;
  }
  let at = 0;
  for (const call of calls) {
    call.resolve(results.slice(at, at + call.statements.length));
    at += call.statements.length;
  }
  return true;
}

function rejectAll(calls: readonly Recorded[], error: unknown): void {
  for (const { reject } of calls) reject(error);
}
