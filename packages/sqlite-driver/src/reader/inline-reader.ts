import {
  type Catalog,
  type ExecuteOptions,
  type Row,
  StaleCatalogError,
  type Statement,
  type StatementResult,
} from '@sluice/core';
import { schemaVersionOf } from '../schema/catalog-versions.js';
import { looksBounded } from '../sql/looks-bounded.js';
import type { ThreadConnection } from '../thread/thread-connection.js';
import { isPlanBounded } from './bounded-plan.js';
import { InlineStatement } from './inline-statement.js';
import type { LocalConnection } from './local-connection.js';

/** How long reads may block the calling thread in one turn of the event loop. */
const TURN_MS = 2;

/** How long a single read may rely on what the last one found of the schema, in the same turn: the caller may work for long in it, while others change the schema. */
const FRESH_MS = 1;

/** The clock is read after this number of reads and rows, because reading it costs a tenth of a read. */
const ROWS_PER_LOOK = 32;

/**
 * A statement that takes longer than this several times in a row runs on a reader thread for a while: its rows are large, or its pages are not
 * cached. Once or twice may be chance, such as preparing the statement or a context switch.
 */
const SLOW_MS = 1;
const SLOW_TIMES = 3;

/**
 * How long it runs on a reader thread: at first, doubled each time it is slow again, and at most. On a busy machine fast statements are
 * slow, too.
 */
const SLOW_FOR_MS = 250;
const LONGEST_SLOW_FOR_MS = 8_000;

/** How many prepared statements are kept. */
const STATEMENT_LIMIT = 500;

/** Runs a read on the reader pool. */
export type HandOver = (statement: Statement, options: ExecuteOptions) => Promise<StatementResult>;

interface Call {
  readonly statement: Statement;
  readonly options: ExecuteOptions;
  readonly resolve: (result: StatementResult | Promise<StatementResult>) => void;
  readonly reject: (error: unknown) => void;
}

/** Statements by their text: those of which core says that they are bounded, and those of which SQLite's plan is asked. */
type KnownStatements = Readonly<Record<'by_core' | 'by_plan', Map<string, Known>>>;

function newKnown(): KnownStatements {
  return { by_core: new Map(), by_plan: new Map() };
}

interface Known {
  /** `undefined` when the statement must run on a reader thread. */
  readonly inline: InlineStatement | undefined;
  slowTimes: number;
  slowUntil: number;
  slowForMs: number;
}

/**
 * Serves reads of bounded cost on the connection of the calling thread: a round trip to another thread takes ten times as long as reading a row by
 * its key.
 *
 * Calls made in the same turn share one snapshot, which is opened after the last of these calls. After {@link TURN_MS} of reading, the remaining
 * calls wait for the next turn of the event loop.
 */
export class InlineReader {
  readonly #local: LocalConnection;
  readonly #handOver: HandOver;
  /** That of the last snapshot. */
  #opened: ThreadConnection | undefined;
  #known = newKnown();
  /** The catalog that is known to describe the schema of {@link #opened}. */
  #fitting: Catalog | undefined;
  #waiting: Call[] = [];
  /** Whether a read in this turn of the event loop has refreshed the schema. */
  #isTurnBegun = false;
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #spentMs = 0;
  #served = 0;
  #wasSlow = false;
  #isClosed = false;

  constructor(local: LocalConnection, handOver: HandOver) {
    this.#local = local;
    this.#handOver = handOver;
  }

  /** Whether a read should be given to it: core says that it is bounded, or SQLite may find that out. */
  serves({ sql, access, isBounded = false }: Statement): boolean {
    if (isBounded || access === 'write') return isBounded;
    const known = this.#known.by_plan.get(sql);
    return known === undefined ? looksBounded(sql) : known.inline !== undefined;
  }

  /** How many reads it has done itself. */
  get served(): number {
    return this.#served;
  }

  /** Runs a read, or passes it to the reader pool if it should run on a thread. */
  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ statement, options, resolve, reject });
      if (this.#waiting.length === 1) this.#schedule();
    });
  }

  /** Serves all waiting reads. */
  close(): void {
    this.#serve(Number.POSITIVE_INFINITY);
    this.#isClosed = true;
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

  /** Serves waiting reads for at most `turnMs`. */
  #serve(turnMs: number): void {
    const calls = this.#waiting;
    if (calls.length === 0) return;
    const calledAt = performance.now();
    const isFresh = this.#isTurnBegun && calledAt - this.#refreshedAt < FRESH_MS;
    // A single statement without BEGIN is a snapshot of its own.
    const isShared = calls.length > 1 || !isFresh;
    const connection = isShared ? this.#begin() : this.#opened;
    if (connection === undefined) {
      this.#waiting = [];
      for (const call of calls) this.#passOn(call);
      return;
    }
    const since = isShared ? this.#refreshedAt : calledAt;
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
   * Begins a snapshot and refreshes the schema. `undefined` when the file cannot be read at once: a reader thread can wait for the lock, and reports
   * the error.
   */
  #begin(): ThreadConnection | undefined {
    try {
      const opened = this.#local.renewed();
      const isAnother = opened !== this.#opened;
      this.#opened = opened;
      this.#opened.begin('begin');
      if (this.#opened.refreshSchema() || isAnother) {
        this.#known = newKnown();
        this.#fitting = undefined;
      }
      this.#refreshedAt = performance.now();
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

  /**
   * Reads the rows; `undefined` when the statement must run on a reader thread.
   *
   * @throws ValueError when a value does not belong to its column's type; StaleCatalogError.
   */
  #tryRead(connection: ThreadConnection, { statement, options }: Call, now: number): Row[] | undefined {
    // A call that is already over gets its error from the queue of the reader pool.
    if (options.signal?.aborted || (options.deadline ?? Number.POSITIVE_INFINITY) <= now) return undefined;
    if (options.madeFor !== this.#fitting) this.#assertFitting(connection, options);
    const { inline, slowUntil } = this.#know(connection, statement);
    if (slowUntil > now) return undefined;
    const rows = inline?.read(statement);
    if (rows !== undefined) this.#served += 1;
    return rows;
  }

  /** @throws StaleCatalogError when the statement was made for another schema. */
  #assertFitting(connection: ThreadConnection, { madeFor, label }: ExecuteOptions): void {
    const schemaVersion = schemaVersionOf(madeFor);
    if (schemaVersion === undefined) return;
    if (schemaVersion === connection.schemaVersion) {
      this.#fitting = madeFor;
      return;
    }
    // It may be the connection that does not know the present schema.
    this.#refreshedAt = Number.NEGATIVE_INFINITY;
    throw new StaleCatalogError({ operation: label });
  }

  #knownLike({ isBounded }: Statement): Map<string, Known> {
    return this.#known[isBounded ? 'by_core' : 'by_plan'];
  }

  #know(connection: ThreadConnection, statement: Statement): Known {
    const { sql } = statement;
    const statements = this.#knownLike(statement);
    let known = statements.get(sql);
    if (known === undefined) {
      if (statements.size >= STATEMENT_LIMIT) statements.clear();
      const inline = prepareBounded(connection, statement);
      known = { inline, slowTimes: 0, slowUntil: 0, slowForMs: SLOW_FOR_MS };
      statements.set(sql, known);
    }
    return known;
  }

  #passOn({ statement, options, resolve }: Call): void {
    resolve(this.#handOver(statement, options));
  }

  /** Records the time. Statements that are slow repeatedly run on a reader thread from then on. */
  #noteTime(calls: readonly Call[], served: number, ms: number): void {
    this.#spentMs += ms;
    const isSlow = ms > SLOW_MS * served;
    if (!isSlow && !this.#wasSlow) return;
    this.#wasSlow = isSlow;
    const knowns = calls
      .slice(0, served)
      .map(({ statement }) => this.#knownLike(statement).get(statement.sql));
    for (const known of new Set(knowns)) if (known !== undefined) noteTime(known, isSlow);
  }
}

/** `undefined` when it must run on a reader thread. */
function prepareBounded(connection: ThreadConnection, statement: Statement): InlineStatement | undefined {
  try {
    if (!statement.isBounded && !isPlanBounded(connection, statement)) return undefined;
  } catch {
    return undefined;
  }
  return InlineStatement.prepare(connection, statement.sql);
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
