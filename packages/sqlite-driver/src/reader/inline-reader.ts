import type { ExecuteOptions, Row, Statement, StatementResult } from '@sluice/core';
import { ThreadConnection } from '../thread/thread-connection.js';
import type { ConnectionOptions } from '../thread/thread-protocol.js';
import { InlineStatement } from './inline-statement.js';

/** How long reads may hold the calling thread before the event loop gets its turn. */
const TURN_MS = 2;

/** After so many reads and rows one looks at the clock, which costs a tenth of a read. */
const ROWS_PER_LOOK = 32;

/**
 * A statement that takes longer than this several times in a row is read by a thread for a while: its rows are large, or its pages far away.
 * Once or twice is chance: it was prepared, or the processor was away.
 */
const SLOW_MS = 1;
const SLOW_TIMES = 3;

/** For how long at first, twice as long each time that it proves slow again, and at most: a busy machine makes quick statements slow, too. */
const SLOW_FOR_MS = 250;
const LONGEST_SLOW_FOR_MS = 8_000;

/** Statements kept prepared. */
const STATEMENT_LIMIT = 500;

/** Has a read done by the reader pool. */
export type HandOver = (statement: Statement, options: ExecuteOptions) => Promise<StatementResult>;

interface Call {
  readonly statement: Statement;
  readonly options: ExecuteOptions;
  readonly resolve: (result: StatementResult | Promise<StatementResult>) => void;
  readonly reject: (error: unknown) => void;
}

interface Known {
  /** `undefined` when a thread has to read it. */
  readonly inline: InlineStatement | undefined;
  slowTimes: number;
  slowUntil: number;
  slowForMs: number;
}

/**
 * A read-only connection on the calling thread, for reads of bounded cost: a message to another thread and back takes ten times as long as
 * a row by its key.
 *
 * Calls made together are served together, in one snapshot taken after the last of them was made, so that they share what a snapshot costs.
 * After {@link TURN_MS} of reading, the event loop has its turn.
 */
export class InlineReader {
  readonly #options: ConnectionOptions;
  readonly #handOver: HandOver;
  /** Opened by the first read. */
  #opened: ThreadConnection | undefined;
  #known = new Map<string, Known>();
  #waiting: Call[] = [];
  /** Whether this turn of the event loop has seen a read, and with it the schema. */
  #isTurnBegun = false;
  #spentMs = 0;
  #served = 0;
  #wasSlow = false;
  #isClosed = false;

  constructor(options: ConnectionOptions, handOver: HandOver) {
    this.#options = options;
    this.#handOver = handOver;
  }

  /** How many reads it has served. */
  get served(): number {
    return this.#served;
  }

  /** Reads, or hands over what a thread had better read. */
  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ statement, options, resolve, reject });
      if (this.#waiting.length === 1) this.#schedule();
    });
  }

  /** Serves what waits, and closes the file. */
  close(): void {
    this.#serve(Number.POSITIVE_INFINITY);
    this.#isClosed = true;
    this.#opened?.close();
  }

  #schedule(): void {
    if (this.#spentMs < TURN_MS) queueMicrotask(this.#onTurn);
    else setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    if (this.#isClosed) return;
    this.#serve(TURN_MS);
    if (this.#waiting.length > 0) setImmediate(this.#onTurn);
  };

  readonly #endTurn = (): void => {
    this.#isTurnBegun = false;
    this.#spentMs = 0;
  };

  /** Serves what waits for as long as the turn lasts. */
  #serve(turnMs: number): void {
    const calls = this.#waiting;
    if (calls.length === 0) return;
    // Alone, a statement is a snapshot of its own.
    const isShared = calls.length > 1 || !this.#isTurnBegun;
    const connection = isShared ? this.#begin() : this.#opened;
    if (connection === undefined) {
      this.#waiting = [];
      for (const call of calls) this.#passOn(call);
      return;
    }
    const since = performance.now();
    let now = since;
    let served = 0;
    while (served < calls.length && now - since < turnMs) {
      for (let rows = 0; served < calls.length && rows < ROWS_PER_LOOK; served += 1)
        rows += 1 + this.#read(connection, calls[served] as Call, now);
      now = performance.now();
    }
    if (isShared) connection.control('rollback');
    this.#waiting = served === calls.length ? [] : calls.slice(served);
    this.#noteTime(calls, served, now - since);
  }

  /**
   * Begins a snapshot and looks at the schema. `undefined` when the file cannot be opened or read at once: a thread can wait for what is in the
   * way, and says what is wrong.
   */
  #begin(): ThreadConnection | undefined {
    try {
      this.#opened ??= ThreadConnection.open(this.#options);
      this.#opened.control('begin');
      if (this.#opened.refreshSchema()) this.#known = new Map();
    } catch {
      this.#opened?.rollback();
      return undefined;
    }
    if (!this.#isTurnBegun) setImmediate(this.#endTurn);
    this.#isTurnBegun = true;
    return this.#opened;
  }

  /** @returns how many rows were read. */
  #read(connection: ThreadConnection, call: Call, now: number): number {
    try {
      const rows = this.#tryRead(connection, call, now);
      if (rows === undefined) this.#passOn(call);
      else call.resolve({ rows, affectedRows: 0 });
      return rows?.length ?? 0;
    } catch (error) {
      call.reject(error);
      return 0;
    }
  }

  /** `undefined` for what a thread has to read. @throws ValueError when a value cannot be given as its column's type. */
  #tryRead(connection: ThreadConnection, { statement, options }: Call, now: number): Row[] | undefined {
    // Whoever has given up already is told so by the queue of the pool.
    if (options.signal?.aborted || (options.deadline ?? Number.POSITIVE_INFINITY) <= now) return undefined;
    const { inline, slowUntil } = this.#know(connection, statement.sql);
    if (slowUntil > now) return undefined;
    const rows = inline?.read(statement);
    if (rows !== undefined) this.#served += 1;
    return rows;
  }

  #know(connection: ThreadConnection, sql: string): Known {
    let known = this.#known.get(sql);
    if (known === undefined) {
      if (this.#known.size >= STATEMENT_LIMIT) this.#known = new Map();
      const inline = InlineStatement.prepare(connection, sql);
      known = { inline, slowTimes: 0, slowUntil: 0, slowForMs: SLOW_FOR_MS };
      this.#known.set(sql, known);
    }
    return known;
  }

  #passOn({ statement, options, resolve }: Call): void {
    resolve(this.#handOver(statement, options));
  }

  /** Counts the time, and sends what is slow time and again to a thread from now on. */
  #noteTime(calls: readonly Call[], served: number, ms: number): void {
    this.#spentMs += ms;
    const isSlow = ms > SLOW_MS * served;
    if (!isSlow && !this.#wasSlow) return;
    this.#wasSlow = isSlow;
    for (const sql of new Set(calls.slice(0, served).map(({ statement }) => statement.sql))) {
      const known = this.#known.get(sql);
      if (known !== undefined) noteTime(known, isSlow);
    }
  }
}

function noteTime(known: Known, isSlow: boolean): void {
  if (!isSlow) {
    known.slowTimes = 0;
    known.slowForMs = SLOW_FOR_MS;
    return;
  }
  known.slowTimes += 1;
  if (known.slowTimes < SLOW_TIMES) return;
  known.slowTimes = 0;
  known.slowUntil = performance.now() + known.slowForMs;
  known.slowForMs = Math.min(2 * known.slowForMs, LONGEST_SLOW_FOR_MS);
}
