import type { Row, Statement } from '@sluice/core';
import type { ValueMode } from '../options/options.js';
import { bindParameters } from '../values/parameters.js';
import type { RawRows } from '../values/raw-result.js';
import { RowDecoder } from '../values/rows.js';
import type { PostgresConnection } from './connection.js';
import type { PostgresCursor } from './cursor.js';
import { FetchSize } from './fetches.js';
import { assertNotInterrupted } from './interrupt.js';
import type { SendOptions } from './send-options.js';

/** How long rows are delivered before the stream yields to the event loop, in milliseconds. */
const MAX_BLOCKING_MS = 2;

/** When the reader stops early: how long the running fetch may take before it is cancelled, in milliseconds. */
const ABANDONED_FETCH_MS = 20;

/** What a stream reads, and how. */
export interface StreamPlan {
  readonly statement: Statement;
  readonly batchSize: number;
  readonly options: SendOptions;
  readonly values: ValueMode;
  /** Whether nothing else uses the connection, so that the next rows can be fetched while the current ones are delivered. */
  readonly isExclusive: boolean;
  /** The BEGIN to send before the first fetch; `undefined` where none is needed. */
  readonly begin: string | undefined;
}

/**
 * Reads rows through a cursor. For a statement that only reads, the fetches grow, and where the stream has the connection to itself the next fetch runs
 * while the rows of the last one are delivered. A statement that may write is fetched batch by batch, on request only.
 */
export class PostgresStream {
  readonly #connection: PostgresConnection;
  readonly #plan: StreamPlan;
  readonly #cursor: PostgresCursor;
  readonly #abandoned = new AbortController();
  readonly #size: FetchSize;
  #fetching: Promise<Fetched> | undefined;
  #combined: AbortSignal | undefined;
  #yieldedAt = performance.now();

  constructor(connection: PostgresConnection, plan: StreamPlan) {
    const { statement, values, batchSize } = plan;
    this.#connection = connection;
    this.#plan = plan;
    this.#cursor = connection.openCursor(statement.sql, bindParameters(statement.parameters, values));
    this.#size = new FetchSize(batchSize, statement.access !== 'read');
  }

  /** Yields batches of at most `batchSize` rows. Closes the cursor at the end, also when the reader stops early. */
  async *read(): AsyncGenerator<readonly Row[]> {
    const { begin, options, isExclusive, statement } = this.#plan;
    // A cursor cannot carry a prelude, so BEGIN and its settings are sent with a statement of their own.
    if (begin !== undefined) await this.#connection.run('select 1', [], { ...options, begin });
    const isAhead = isExclusive && statement.access === 'read';
    try {
      for (;;) {
        this.#fetching ??= this.#fetch();
        const { rows, isLast } = await this.#fetching;
        this.#fetching = isAhead && !isLast ? this.#fetchAhead() : undefined;
        yield* this.#batchesOf(rows);
        if (isLast) return;
      }
    } finally {
      await this.#close();
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

  /** Begins the next fetch. Its failure is thrown when its rows are requested. */
  #fetchAhead(): Promise<Fetched> {
    const fetching = this.#fetch();
    fetching.catch(ignore);
    return fetching;
  }

  async *#batchesOf({ fields, rows }: RawRows): AsyncGenerator<readonly Row[]> {
    const { batchSize, options, values } = this.#plan;
    const decoder = RowDecoder.of(fields, values);
    for (let at = 0; at < rows.length; at += batchSize) {
      if (performance.now() - this.#yieldedAt > MAX_BLOCKING_MS) await this.#yieldToEventLoop();
      assertNotInterrupted(options);
      yield rows.slice(at, at + batchSize).map((row) => decoder.decode(row));
    }
  }

  async #yieldToEventLoop(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#yieldedAt = performance.now();
  }

  /** Waits for a running fetch, for a short time only; then cancels it. Closes the cursor. */
  async #close(): Promise<void> {
    const fetching = this.#fetching;
    if (fetching !== undefined) {
      const timer = setTimeout(() => this.#abandoned.abort(), ABANDONED_FETCH_MS);
      await fetching.catch(ignore);
      clearTimeout(timer);
    }
    await this.#connection.closeCursor(this.#cursor);
  }

  #signal(): AbortSignal {
    const { signal } = this.#plan.options;
    if (signal === undefined) return this.#abandoned.signal;
    this.#combined ??= AbortSignal.any([signal, this.#abandoned.signal]);
    return this.#combined;
  }
}

interface Fetched {
  readonly rows: RawRows;
  readonly isLast: boolean;
}

function ignore(): void {}
