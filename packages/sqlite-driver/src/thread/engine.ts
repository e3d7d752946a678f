import {
  type ExecuteOptions,
  InternalError,
  type Row,
  StaleCatalogError,
  type Statement,
  type StatementResult,
} from '@sluice/core';
import { lostError, toError } from '../errors/errors.js';
import { CHANGED, type Failure, STALE, STUCK, TEMPORARY, UNREADABLE } from '../errors/failure.js';
import type { ResolvedOptions } from '../options/options.js';
import { schemaVersionOf } from '../schema/catalog-versions.js';
import { type BindValue, bindNative, bindPortable } from '../values/parameters.js';
import { type ResultPart, ROWS_PER_PART } from '../values/result-part.js';
import { decodeRows, ResultRows } from '../values/rows.js';
import { insertedRow, insertWithoutReturning } from './insert-without-returning.js';
import type { ThreadStatement } from './thread-protocol.js';
import type { CallOutcome } from './watched-call.js';

/** Makes the error that better-sqlite3 throws, from its message and code. */
export type CreateEngineError = (message: string, code: string) => Error;

type ResultOutcome = Extract<CallOutcome, { kind: 'result' }>;

/** A method of the engine whose frames are removed from the stack of an error. */
type Caller = (...parameters: never[]) => unknown;

/** Converts between the contract and SQLite: parameters on the way in, rows and errors on the way out. */
export class SqliteEngine {
  readonly #bindValue: BindValue;
  readonly #keepsEngineErrors: boolean;
  readonly #createEngineError: CreateEngineError;

  constructor({ values, keepsEngineErrors }: ResolvedOptions, createEngineError: CreateEngineError) {
    this.#bindValue = values === 'portable' ? bindPortable : bindNative;
    this.#keepsEngineErrors = keepsEngineErrors;
    this.#createEngineError = createEngineError;
  }

  /** @throws ValueError when SQLite cannot hold a parameter. */
  bind(statement: Statement, { madeFor }: ExecuteOptions): ThreadStatement {
    const { maxRows = Number.POSITIVE_INFINITY, insertion } = statement;
    const insert = insertWithoutReturning(statement);
    return {
      sql: insert?.sql ?? statement.sql,
      parameters: statement.parameters.map(this.#bindValue),
      isShort: insert === undefined && maxRows <= ROWS_PER_PART,
      isCounted: insert !== undefined || insertion?.isReturning === false,
      schemaVersion: schemaVersionOf(madeFor),
    };
  }

  /**
   * Converts an outcome into a result, or throws its error. Call it in the async function that the caller awaits, so that the error has the
   * caller's stack frames.
   */
  toResult(
    outcome: CallOutcome,
    rows: ResultRows,
    statement: Statement,
    { parameters }: ThreadStatement,
  ): StatementResult {
    const { last, changes, lastInsertId } = this.#expectResult(outcome, statement.sql, this.toResult);
    const insert = insertWithoutReturning(statement);
    if (insert !== undefined)
      return { rows: changes === 0 ? [] : [insertedRow(insert, parameters)], affectedRows: changes };
    if (last !== undefined) rows.add(last);
    const result = { rows: rows.finish(), affectedRows: changes };
    return lastInsertId === undefined ? result : { ...result, lastInsertId: BigInt(lastInsertId) };
  }

  /** The results of a batch. Throws the error of the statement that failed. */
  toResults(
    outcome: CallOutcome,
    statements: readonly Statement[],
    bound: readonly ThreadStatement[],
  ): StatementResult[] {
    if (outcome.kind !== 'batch') {
      this.expectDone(outcome);
      throw new InternalError('A thread answered a batch as if it were none.');
    }
    return outcome.outcomes.map((each, index) =>
      this.toResult(each, new ResultRows(), statements[index] as Statement, bound[index] as ThreadStatement),
    );
  }

  /** Throws the error of an outcome, unless the request succeeded. */
  expectDone(outcome: CallOutcome): void {
    this.#expectResult(outcome, undefined, this.expectDone);
  }

  /** Decodes the parts of a stream. The last part comes with the outcome. */
  async *toBatches(
    parts: AsyncGenerator<ResultPart, CallOutcome>,
    sql: string,
  ): AsyncGenerator<readonly Row[], void> {
    try {
      for (;;) {
        const next = await parts.next();
        if (!next.done) {
          yield decodeRows(next.value);
          continue;
        }
        const { last } = this.#expectResult(next.value, sql, this.toBatches);
        if (last !== undefined && last.count > 0) yield decodeRows(last);
        return;
      }
    } finally {
      await parts.return({ kind: 'dropped' });
    }
  }

  /** The error of a failed statement, a failed COMMIT, or a thread that could not be started. */
  toError(failure: Failure, sql: string | undefined): Error {
    const { code, name, message } = failure;
    if (code === STALE) return new StaleCatalogError();
    const cause = code === undefined ? plainError(name, message) : this.#createEngineError(message, code);
    const isEngines = failure.phase !== 'open' && !(code !== undefined && OURS.has(code));
    return this.#keepsEngineErrors && isEngines ? cause : toError(failure, sql, cause);
  }

  #expectResult(outcome: CallOutcome, sql: string | undefined, caller: Caller): ResultOutcome {
    if (outcome.kind === 'result') return outcome;
    const error = this.#toThrown(outcome, sql);
    // Removes the frames of this class: the number of frames is limited, and the caller's are the useful ones.
    Error.captureStackTrace(error, caller);
    throw error;
  }

  #toThrown(outcome: Exclude<CallOutcome, ResultOutcome>, sql: string | undefined): Error {
    switch (outcome.kind) {
      case 'failure':
        return this.toError(outcome.failure, sql);
      case 'over':
        return outcome.createError();
      case 'lost':
        return lostError(outcome.isUnknown, outcome.cause);
      case 'batch':
      case 'checkpoint':
      case 'dropped':
      case 'not_read':
        return new InternalError(`A thread answered "${outcome.kind}" where it could not.`);
    }
  }
}

/** The codes of failures that a dialect does not throw as SQLite's. SQLite's own error for a changed file does not tell whether the write happened. */
const OURS: ReadonlySet<string> = new Set([CHANGED, STUCK, TEMPORARY, UNREADABLE]);

function plainError(name: string, message: string): Error {
  if (name === 'RangeError') return new RangeError(message);
  return name === 'TypeError' ? new TypeError(message) : new Error(message);
}
