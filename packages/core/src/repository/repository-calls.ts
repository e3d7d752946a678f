import { isDeepStrictEqual } from 'node:util';
import { type CallOptions, toExecuteOptions, toOptionsWithin } from '../call/call-options.js';
import type { Catalog } from '../catalog/catalog.js';
import type { ExecuteOptions } from '../driver/driver.js';
import { ValueError } from '../errors/data-errors.js';
import { StaleCatalogError } from '../errors/flow-errors.js';
import { SluiceError } from '../errors/sluice-error.js';
import { UsageError } from '../errors/usage-errors.js';
import type { Naming } from '../naming/naming.js';
import { inOwnNames } from '../naming/own-names.js';
import { fixedValue } from '../values/fixed-value.js';
import type { CollectedCalls } from './collected-calls.js';
import type { RepositoryStatements } from './repository-statements.js';
import type { StatementRunner } from './statement-runner.js';
import type { StatementsRegistry } from './statements-registry.js';
import type { ColumnForms } from './table-shape.js';

/** What a repository runs on: the storage, or one transaction. */
export interface RepositoryHost {
  readonly runner: StatementRunner;
  /** Runs several statements in one transaction, all or nothing. */
  readonly atomically: <T>(work: (runner: StatementRunner) => Promise<T>, options: CallOptions) => Promise<T>;
  readonly statements: StatementsRegistry;
  readonly naming: Naming;
  readonly defaultTimeoutMs: number;
  /** The options of the transaction that `runner` is, which hold for every call in it; `undefined` where it is none. */
  readonly transaction: ExecuteOptions | undefined;
  /** Set where the calls are collected and run together. */
  readonly batch?: CollectedCalls | undefined;
  /** The default `timeoutMs` of a call in that transaction, where it may last longer than a call. Default: what is left of its time. */
  readonly callTimeoutMs?: number | undefined;
}

/**
 * One call of a repository. `Args` are the caller's, `Built` is what is made of them by the types of the table, `Answer` is what the database says to that, and
 * `Result` is what the caller gets.
 */
export interface RepositoryCall<Args, Built, Answer, Result> {
  /** The name of the method. */
  readonly method: string;
  readonly args: Args;
  readonly options: CallOptions;
  /** Whether `run` encodes arguments too, of which nothing is stored when one is refused. Default false. */
  readonly encodesInRun?: boolean;
  /** Checks and encodes the arguments, synchronously. */
  readonly build: (statements: RepositoryStatements, args: Args) => Built;
  readonly run: (built: Built, statements: RepositoryStatements, options: ExecuteOptions) => Promise<Answer>;
  readonly decode: (answer: Answer, statements: RepositoryStatements) => Result;
}

/** What was made of a call's arguments, and for which tables. */
interface Made<Built> {
  readonly built: Built;
  readonly statements: RepositoryStatements;
  readonly catalog: Catalog;
}

/** How often a call is made for tables that are changed before it runs. */
const MAX_ATTEMPTS = 10;

/**
 * Makes the calls of one table's repository for the table as it is known, and again where it has changed since: what the known table denies is asked again
 * before it is refused.
 */
export class RepositoryCalls {
  readonly #host: RepositoryHost;
  readonly #table: string;
  readonly #key: readonly string[];
  readonly #forms: ColumnForms | undefined;
  /** What the calls of each method are called. */
  readonly #labels = new Map<string, string>();
  #statements: RepositoryStatements | undefined;
  /** The catalog that {@link RepositoryCalls.#statements} were built for. */
  #catalog: Catalog | undefined;

  /** @param forms the columns that the repository has as text. */
  constructor(host: RepositoryHost, table: string, key: readonly string[], forms: ColumnForms | undefined) {
    this.#host = host;
    this.#table = table;
    this.#key = key;
    this.#forms = forms;
  }

  /**
   * Makes a call. Its arguments are encoded before it returns, so that it is accepted as it was at the moment it was made. Not an async function, and what
   * is sync is not one of its own: a read by key costs little more than the promises around it.
   */
  perform<Args, Built, Answer, Result>(call: RepositoryCall<Args, Built, Answer, Result>): Promise<Result> {
    let options: ExecuteOptions | undefined;
    try {
      const { tables } = this.#host.statements.catalog;
      options = this.#options(call, tables);
      const made = this.#make(call, call.args);
      if (made !== undefined) return this.#performAs(made, call, options);
      return this.#performDoubted(call, options);
    } catch (error) {
      return options === undefined ? Promise.reject(error) : this.#retry(call, undefined, error, options);
    }
  }

  /** Makes a call when the table is unknown, or all are doubted. */
  #performDoubted<Args, Built, Answer, Result>(
    call: RepositoryCall<Args, Built, Answer, Result>,
    options: ExecuteOptions,
  ): Promise<Result> {
    const fixed = { ...call, args: fixedValue(call.args) };
    return this.#performAgain(fixed, undefined, undefined, options).catch((error: unknown) => {
      throw inOwnNames(error, this.#host.naming);
    });
  }

  #performAs<Args, Built, Answer, Result>(
    made: Made<Built>,
    call: RepositoryCall<Args, Built, Answer, Result>,
    options: ExecuteOptions,
  ): Promise<Result> {
    return call.run(made.built, made.statements, options).then(
      (answer) => call.decode(answer, made.statements),
      (error: unknown) => this.#retry(call, made, error, options),
    );
  }

  /** @throws `error`, in the application's names, unless it may come of a table that has changed. */
  async #retry<Args, Built, Answer, Result>(
    call: RepositoryCall<Args, Built, Answer, Result>,
    made: Made<Built> | undefined,
    error: unknown,
    options: ExecuteOptions,
  ): Promise<Result> {
    try {
      return await this.#retryStale(call, made, error, options);
    } catch (thrown) {
      throw inOwnNames(thrown, this.#host.naming);
    }
  }

  async #retryStale<Args, Built, Answer, Result>(
    call: RepositoryCall<Args, Built, Answer, Result>,
    made: Made<Built> | undefined,
    error: unknown,
    options: ExecuteOptions,
  ): Promise<Result> {
    if (!mayBeStale(error, made !== undefined && !call.encodesInRun)) throw error;
    const args = made === undefined ? fixedValue(call.args) : call.args;
    return this.#performAgain({ ...call, args }, made, error, options);
  }

  #options(
    { method, options }: Pick<RepositoryCall<unknown, unknown, unknown, unknown>, 'method' | 'options'>,
    madeFor: Catalog,
  ): ExecuteOptions {
    const { transaction, callTimeoutMs, defaultTimeoutMs } = this.#host;
    const label = this.#label(method);
    if (transaction !== undefined) {
      const own = callTimeoutMs === undefined ? options : { timeoutMs: callTimeoutMs, ...options };
      return toOptionsWithin(transaction, own, label, madeFor);
    }
    return toExecuteOptions(options, defaultTimeoutMs, label, madeFor);
  }

  /** The same text for each call, because the counters look it up for each. */
  #label(method: string): string {
    const known = this.#labels.get(method);
    if (known !== undefined) return known;
    const label = `${this.#table}.${method}`;
    this.#labels.set(method, label);
    return label;
  }

  /** `undefined` when the table is unknown, or all are doubted. @throws what the arguments are refused with. */
  #make<Args, Built, Answer, Result>(
    call: RepositoryCall<Args, Built, Answer, Result>,
    args: Args,
  ): Made<Built> | undefined {
    const { catalog } = this.#host.statements;
    const { tables } = catalog;
    if (catalog.isDoubted) return undefined;
    if (tables !== this.#catalog) {
      this.#statements = this.#host.statements.known(this.#table, this.#key, this.#forms);
      this.#catalog = tables;
    }
    const statements = this.#statements;
    if (statements === undefined) return undefined;
    return { built: call.build(statements, args), statements, catalog: tables };
  }

  /** @param made what was made at first; `undefined` when nothing could be. @param failure what came of that. */
  async #performAgain<Args, Built, Answer, Result>(
    call: RepositoryCall<Args, Built, Answer, Result>,
    made: Made<Built> | undefined,
    failure: unknown,
    options: ExecuteOptions,
  ): Promise<Result> {
    let last = made;
    let error = failure;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      last = await this.#makeAgain(call, last, error, options);
      try {
        const { built, catalog, statements } = last;
        return call.decode(await call.run(built, statements, { ...options, madeFor: catalog }), statements);
      } catch (thrown) {
        if (!(thrown instanceof StaleCatalogError)) throw thrown;
        error = thrown;
      }
    }
    throw error;
  }

  /** @throws `failure` when the table has not changed. */
  async #makeAgain<Args, Built, Answer, Result>(
    call: RepositoryCall<Args, Built, Answer, Result>,
    made: Made<Built> | undefined,
    failure: unknown,
    options: ExecuteOptions,
  ): Promise<Made<Built>> {
    const { runner, statements, transaction } = this.#host;
    const isProven = failure instanceof StaleCatalogError;
    if (transaction !== undefined && !isProven && isEngines(failure)) {
      // The engine has refused the statement, and the transaction can do no more.
      statements.catalog.suspect();
      throw failure;
    }
    const answeredBy = made?.catalog ?? statements.catalog.tables;
    const before = made?.statements.shape.table ?? statements.table(this.#table);
    const within = transaction === undefined ? undefined : runner;
    const isDenial = failure === undefined || failure instanceof UsageError;
    await statements.ask(this.#table, { ...options, answeredBy, isDenial, isProven, within });
    const isUnchanged = statements.table(this.#table) === before;
    if (isUnchanged && made !== undefined && isProven) return { ...made, catalog: statements.catalog.tables };
    if (isUnchanged && failure !== undefined) throw failure;
    const known = statements.required(this.#table, this.#key, this.#forms);
    // The statement was made of the arguments as they were, and cannot be made of them any more.
    if (made !== undefined && !this.#isAsGiven(call, made))
      throw new StaleCatalogError({ operation: options.label });
    return { built: call.build(known, call.args), statements: known, catalog: statements.catalog.tables };
  }

  /** Whether the arguments are still those that the call was made with. */
  #isAsGiven<Args, Built, Answer, Result>(
    call: RepositoryCall<Args, Built, Answer, Result>,
    { built, catalog, statements }: Made<Built>,
  ): boolean {
    const again = this.#host.statements.asOf(catalog, () => call.build(statements, call.args));
    return isDeepStrictEqual(again, built);
  }
}

/**
 * Whether the table may have changed since it was read, which may be why the arguments or the statement were refused. Of a statement that was sent, only the
 * engine's own error says that nothing was executed.
 */
function mayBeStale(error: unknown, wasSent: boolean): boolean {
  if (error instanceof StaleCatalogError) return true;
  if (!(error instanceof UsageError || error instanceof ValueError)) return false;
  return !wasSent || isEngines(error);
}

/** Whether the engine refused the statement: its error is the cause. */
function isEngines(error: unknown): boolean {
  return error instanceof SluiceError && error.cause !== undefined;
}
