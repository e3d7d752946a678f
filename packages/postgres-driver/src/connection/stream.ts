import type { ExecuteOptions, Row, Statement } from '@sluice/core';
import type { ValueMode } from '../options/options.js';
import { bindParameters } from '../values/parameters.js';
import type { RawRows } from '../values/raw-result.js';
import { RowDecoder } from '../values/rows.js';
import type { PostgresConnection } from './connection.js';
import type { PostgresCursor } from './cursor.js';
import { FetchSize } from './fetches.js';
import { assertNotInterrupted } from './interrupt.js';

/** How long rows are handed out before the event loop turns, in milliseconds. */
const HOLD_MS = 2;

/** How long a fetch that nobody waits for any more may take before it is cancelled, in milliseconds. */
const LEAVING_MS = 20;

/** How a stream is read. */
export interface StreamPlan {
  readonly statement: Statement;
  readonly batchSize: number;
  readonly options: ExecuteOptions;
  readonly values: ValueMode;
  /** Whether nothing else uses the connection, so that the next rows can be fetched while these are handed out. */
  readonly isAlone: boolean;
  /** Runs before the first fetch. */
  readonly begin: string | undefined;
}

/**
 * Reads rows through a cursor. A statement that only reads is fetched in growing pieces, one ahead of its reader where it is alone; one that may do
 * something with each row never further than its reader has come.
 */
export class PostgresStream {
  readonly #connection: PostgresConnection;
  readonly #plan: StreamPlan;
  readonly #cursor: PostgresCursor;
  readonly #leaving = new AbortController();
  readonly #size: FetchSize;
  #fetching: Promise<Fetched> | undefined;
  #combined: AbortSignal | undefined;
  #turnedAt = performance.now();

  constructor(connection: PostgresConnection, plan: StreamPlan) {
    const { statement, values, batchSize } = plan;
    this.#connection = connection;
    this.#plan = plan;
    this.#cursor = connection.openCursor(statement.sql, bindParameters(statement.parameters, values));
    this.#size = new FetchSize(batchSize, statement.access !== 'read');
  }

  /** Gives batches of at most `batchSize` rows. Leaving early closes the cursor. */
  async *read(): AsyncGenerator<readonly Row[]> {
    const { begin, options, isAlone, statement } = this.#plan;
    // Whatever travels with a BEGIN travels with the statement after it.
    if (begin !== undefined) await this.#connection.run('select 1', [], { ...options, begin });
    const isAhead = isAlone && statement.access === 'read';
    try {
      for (;;) {
        this.#fetching ??= this.#fetch();
        const { rows, isLast } = await this.#fetching;
        this.#fetching = isAhead && !isLast ? this.#fetchAhead() : undefined;
        yield* this.#batchesOf(rows);
        if (isLast) return;
      }
    } finally {
      await this.#leave();
    }
  }

  async #fetch(): Promise<Fetched> {
    const { options } = this.#plan;
    const count = this.#size.value;
    const signal = this.#signal();
    const rows = await this.#connection.read(this.#cursor, count, { ...options, signal });
    this.#size.learn(rows);
    return { rows, isLast: rows.rows.length < count };
  }

  /** What fails meanwhile is told when these rows are asked for. */
  #fetchAhead(): Promise<Fetched> {
    const fetching = this.#fetch();
    fetching.catch(ignore);
    return fetching;
  }

  async *#batchesOf({ fields, rows }: RawRows): AsyncGenerator<readonly Row[]> {
    const { batchSize, options, values } = this.#plan;
    const decoder = RowDecoder.of(fields, values);
    for (let at = 0; at < rows.length; at += batchSize) {
      if (performance.now() - this.#turnedAt > HOLD_MS) await this.#letLoopTurn();
      assertNotInterrupted(options);
      yield rows.slice(at, at + batchSize).map((row) => decoder.decode(row));
    }
  }

  async #letLoopTurn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#turnedAt = performance.now();
  }

  /** A fetch that is under way is waited for a moment, and then cancelled. */
  async #leave(): Promise<void> {
    const fetching = this.#fetching;
    if (fetching !== undefined) {
      const timer = setTimeout(() => this.#leaving.abort(), LEAVING_MS);
      await fetching.catch(ignore);
      clearTimeout(timer);
    }
    await this.#connection.closeCursor(this.#cursor);
  }

  #signal(): AbortSignal {
    const { signal } = this.#plan.options;
    if (signal === undefined) return this.#leaving.signal;
    this.#combined ??= AbortSignal.any([signal, this.#leaving.signal]);
    return this.#combined;
  }
}

interface Fetched {
  readonly rows: RawRows;
  readonly isLast: boolean;
}

function ignore(): void {}
