import { ConflictError, type ExecuteOptions, InternalError, SluiceError } from '@sluice/core';
import type { Client } from 'pg';
import { connectionLostError, isDatabaseError, toSluiceError } from '../errors/errors.js';
import type { PostgresConfig } from '../options/options.js';
import type { ColumnLookup } from '../schema/constraints.js';
import { effectsOf, mayAlterSession } from '../sql/statement-effects.js';
import type { RawResult, RawRows } from '../values/raw-result.js';
import { type BackendKey, sendCancel } from './cancel.js';
import { PostgresCursor } from './cursor.js';
import { assertNotInterrupted, Interrupt } from './interrupt.js';
import type { SessionMode, SessionModes } from './mode.js';
import { type PreparedStatement, PreparedStatements } from './prepared.js';
import { PostgresQuery, type Prelude, type QueryText } from './query.js';
import { sessionStatement, transactionSettings } from './session.js';

/** How long a cancelled statement, or a connection that is ended, may take before the connection is destroyed. */
const GRACE_MS = 5000;

/** Where a connection stands: idle, in a transaction, in a failed transaction. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** What became of the last thing sent, when the connection was lost over it. */
export type LastOutcome = 'not sent' | 'undone' | 'unknown';

/** How one statement is sent. */
export interface SendOptions extends ExecuteOptions {
  /** Lets the text hold several statements, which PostgreSQL allows only without parameters. Default false. */
  readonly isScript?: boolean;
  /** The mode a statement outside a transaction needs. Default: any will do. */
  readonly mode?: SessionMode;
  /** Lets a statement that comes again and again be prepared. Default false. */
  readonly mayPrepare?: boolean;
  /** Whether the parameters are text, bytes and nulls. Default false: `pg` makes them so. */
  readonly isBound?: boolean;
  /** What a COPY … FROM STDIN reads, asked for once; it travels with the statement. */
  readonly copyData?: Iterable<Buffer>;
  /** A BEGIN that travels ahead of the statement. */
  readonly begin?: string | undefined;
  /** What a deadline or signal does to the running statement. Default `cancel`. */
  readonly onInterrupt?: 'cancel' | 'destroy';
}

/** What a connection is made of. */
export interface ConnectionParts {
  readonly config: PostgresConfig;
  /** Connected, with its session set up. */
  readonly client: Client;
  readonly columnsOf: ColumnLookup;
  readonly modes: SessionModes;
}

/**
 * One connection, one statement at a time. A statement is cancelled on the server when its deadline passes or its signal is aborted;
 * every failure comes out as a SluiceError, after the server has said that it is ready again or the connection is gone.
 */
export class PostgresConnection {
  readonly #config: PostgresConfig;
  readonly #client: Client;
  readonly #columnsOf: ColumnLookup;
  readonly #modes: SessionModes;
  readonly #prepared: PreparedStatements;
  /** What every transaction must set for itself, behind a pooler. */
  readonly #settings: string | undefined;
  /** Unknown while it is being changed, and after that failed. */
  #mode: SessionMode | undefined = 'write';
  #onLost: (() => void) | undefined;
  #isLost = false;
  #lossCause: unknown;
  /** How often the server will still say that it is ready before it waits for a command. */
  #syncs = 0;
  /** The statement that runs, or ran last. */
  #query: PostgresQuery | undefined;
  /** Whether the running command may have committed something before it has completed. */
  #canCommitEarly = false;
  #wakeUp: (() => void) | undefined;
  #cancelling: Promise<void> | undefined;
  #wasCancelled = false;
  /** Whether a statement may have changed the session for the next caller: a setting, a temporary table, a listener. */
  #isAltered = false;
  #lastOutcome: LastOutcome = 'not sent';
  #commandsSent = 0;

  constructor({ config, client, columnsOf, modes }: ConnectionParts) {
    this.#config = config;
    this.#client = client;
    this.#columnsOf = columnsOf;
    this.#modes = modes;
    this.#prepared = new PreparedStatements(client.connection);
    this.#settings = config.isPooled ? transactionSettings(config) : undefined;
    client.on('error', (error) => this.#lose(error));
    client.on('end', () => this.#lose());
    client.connection.on('readyForQuery', () => {
      this.#syncs -= 1;
      if (this.#syncs <= 0) this.#wakeUp?.();
    });
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  get status(): TransactionStatus | null {
    return this.#client.getTransactionStatus();
  }

  /** After a failure: whether what was sent last may have been done all the same. */
  get lastOutcome(): LastOutcome {
    return this.#lastOutcome;
  }

  /** Two equal numbers have nothing sent between them. */
  get commandsSent(): number {
    return this.#commandsSent;
  }

  /** Whether a single statement that needs `mode` can be sent without changing the session. */
  isIn(mode: SessionMode): boolean {
    return this.#config.isPooled || this.#modes.change(this.#mode, mode) === undefined;
  }

  /** Told of what arrives on the channels that the session listens to. */
  set onNotification(listener: (payload: string) => void) {
    this.#client.on('notification', ({ payload = '' }) => listener(payload));
  }

  /** Told once, when the connection is gone for whatever reason. */
  set onLost(listener: (() => void) | undefined) {
    this.#onLost = listener;
  }

  /** Runs one statement. */
  async run(
    text: string,
    parameters: readonly unknown[] = [],
    options: SendOptions = {},
  ): Promise<RawResult> {
    const { begin, copyData, mayPrepare } = options;
    const isScript = options.isScript === true && parameters.length === 0;
    const prepared = mayPrepare ? this.#prepare(text) : undefined;
    const prelude = this.#prelude(options);
    // A script is a message of another kind, which cannot follow in the same round trip.
    if (isScript && prelude !== undefined)
      await this.#send({ ...prelude, prepared: undefined, parameters: [], isScript }, options);
    const effects = prepared?.effects ?? effectsOf(text);
    this.#canCommitEarly = isScript || effects.mayCommit;
    const isBound = options.isBound === true || this.#config.isPooled;
    const isCommitted = prelude?.query !== undefined && begin === undefined;
    const isInside = begin !== undefined || this.status !== 'I';
    let results: readonly RawResult[];
    try {
      const query = { text, parameters, isScript, prepared, isBound, copyData, prelude, isCommitted };
      results = await this.#send(isScript ? { text, parameters, isScript } : query, options);
    } catch (error) {
      if (isCommitted) await this.#undo();
      if (prepared === undefined || this.#isLost || !mayBeStale(error, isInside)) throw error;
      // The schema has changed since it was prepared, and the others may be out of date as well.
      this.#isAltered = true;
      if (isInside) throw staleError(error, options.label);
      return this.run(text, parameters, { ...options, mayPrepare: false });
    }
    const last = results.at(-1) ?? unexpected();
    if (results.length > 1 || mayAlterSession(last.command, effects)) this.#isAltered = true;
    return last;
  }

  #prepare(text: string): PreparedStatement | undefined {
    return this.#config.prepare ? this.#prepared.use(text) : undefined;
  }

  /** A transaction that travelled with its statement is still open after a failure. */
  async #undo(): Promise<void> {
    if (this.#isLost || this.status === 'I') return;
    const outcome = this.#lastOutcome;
    const options: SendOptions = { deadline: performance.now() + GRACE_MS, onInterrupt: 'destroy' };
    await this.#send({ text: 'rollback', parameters: [], isScript: true }, options).catch(() =>
      this.destroy(),
    );
    this.#lastOutcome = outcome;
  }

  /** Makes a cursor; it is sent with its first {@link PostgresConnection.read}. */
  openCursor(text: string, parameters: readonly unknown[]): PostgresCursor {
    return new PostgresCursor(text, parameters);
  }

  /** Reads the next rows of a cursor; fewer than `count` are the last. */
  read(cursor: PostgresCursor, count: number, options: SendOptions): Promise<RawRows> {
    return this.#perform(options, () => cursor.read(this.#client, count));
  }

  /** Ends a cursor early, or after a failure. */
  async closeCursor(cursor: PostgresCursor): Promise<void> {
    // pg-cursor’s own promise would wait for ever when the connection is lost meanwhile.
    if (!this.#isLost && cursor.close()) await this.#readyOrLost();
  }

  /** Whether it is fit for another caller: outside a transaction, with no cancel request on its way to it, its session as it was when it was opened. */
  get isClean(): boolean {
    return !this.#isLost && this.status === 'I' && !this.#wasCancelled && !this.#isAltered;
  }

  /** Makes the connection clean, and tells whether it is. */
  async reset(): Promise<boolean> {
    if (this.isClean) return true;
    if (this.#isLost || this.status !== 'I') return false;
    // The session behind a pooler is not ours to restore.
    if (this.#isAltered && this.#config.isPooled) return false;
    const options: SendOptions = { deadline: performance.now() + GRACE_MS, onInterrupt: 'destroy' };
    try {
      // The server has passed a cancel request on; a whole round trip later it cannot hit the next caller's statement any more.
      await this.run('select 1', [], options);
      if (this.#isAltered) await this.#restoreSession(options);
      this.#wasCancelled = false;
      return true;
    } catch {
      return false;
    }
  }

  /** Says goodbye to the server and resolves when the socket is closed. */
  async end(): Promise<void> {
    const timer = setTimeout(() => this.destroy(), GRACE_MS);
    await this.#client.end().finally(() => clearTimeout(timer));
  }

  /** Cuts the connection; the server undoes what was open. */
  destroy(): void {
    this.#client.connection.stream.destroy();
    this.#lose();
  }

  async #restoreSession(options: SendOptions): Promise<void> {
    const { text, parameters } = sessionStatement(this.#config);
    await this.run('discard all', [], options);
    await this.run(text, parameters, options);
    this.#prepared.forget();
    this.#isAltered = false;
    this.#mode = 'write';
  }

  #send(query: QueryText, options: SendOptions): Promise<readonly RawResult[]> {
    return this.#perform(options, () => {
      this.#query = new PostgresQuery(this.#client, query);
      this.#syncs = this.#query.syncs;
      this.#client.query(this.#query);
      return this.#query.done;
    });
  }

  /** What must travel ahead of a statement. */
  #prelude({ begin, mode, mayPrepare }: SendOptions): Prelude | undefined {
    const query = this.#settings;
    // There are few forms of BEGIN, but a savepoint's name for each who shares a COMMIT.
    const prepared = mayPrepare && begin?.startsWith('begin ') ? this.#prepare(begin) : undefined;
    if (begin !== undefined) return { text: begin, isApart: false, query, prepared };
    if (query !== undefined)
      return mode === undefined ? undefined : { text: this.#modes.begin(mode), isApart: false, query };
    const change = mode === undefined ? undefined : this.#modes.change(this.#mode, mode);
    if (change === undefined) return undefined;
    this.#mode = undefined;
    return {
      text: change,
      isApart: true,
      onCompleted: () => {
        this.#mode = mode;
      },
      // A request to cancel has hit it in place of the statement.
      onFailed: () => {
        if (this.#cancelling !== undefined) this.#cancel();
      },
    };
  }

  async #perform<T>(options: SendOptions, send: () => Promise<T>): Promise<T> {
    this.#lastOutcome = 'not sent';
    if (this.#isLost) throw connectionLostError(this.#config, this.#lossCause, options.label);
    assertNotInterrupted(options);
    const interrupt = new Interrupt(options, () => this.#interrupt(options));
    this.#query = undefined;
    this.#syncs = 1;
    this.#commandsSent += 1;
    try {
      return await send();
    } catch (cause) {
      await this.#readyOrLost();
      interrupt.stop();
      throw await this.#explain(cause, interrupt, options);
    } finally {
      interrupt.stop();
      // Nothing may follow on this connection before the request to cancel has come to its end.
      if (this.#cancelling !== undefined) await this.#cancelling;
    }
  }

  #interrupt({ onInterrupt = 'cancel' }: SendOptions): void {
    if (onInterrupt === 'destroy') this.destroy();
    else this.#cancel();
  }

  #cancel(): void {
    this.#wasCancelled = true;
    const timer = setTimeout(() => this.destroy(), GRACE_MS);
    const key = this.#client as Client & BackendKey;
    const sent = sendCancel(this.#config, key, GRACE_MS).then(() => clearTimeout(timer));
    const cancelling = Promise.all([sent, this.#cancelling]).then(() => {
      if (this.#cancelling === cancelling) this.#cancelling = undefined;
    });
    this.#cancelling = cancelling;
  }

  async #explain(cause: unknown, interrupt: Interrupt, options: SendOptions): Promise<Error> {
    if (this.#isLost) {
      // A FATAL error that came instead of the command's completion proves that nothing was committed, as that comes after it.
      const isProof = isDatabaseError(cause) && !this.#query?.isCompleted && !this.#canCommitEarly;
      this.#lastOutcome = isProof ? 'undone' : 'unknown';
      if (interrupt.isInterrupted)
        return interrupt.error('and the server did not answer; the connection was cut', cause);
      return connectionLostError(this.#config, cause, options.label);
    }
    if (interrupt.isInterrupted && isDatabaseError(cause) && cause.code === '57014') {
      this.#lastOutcome = 'undone';
      return interrupt.error('while the statement ran; the server cancelled it', cause);
    }
    const columns = await this.#columnsOf(cause, this);
    this.#lastOutcome = 'undone';
    return toSluiceError(cause, { columns, operation: options.label });
  }

  /** After a failure, waits for the server to be ready again, or for the end of the connection. */
  async #readyOrLost(): Promise<void> {
    if (this.#syncs <= 0 || this.#isLost) return;
    const timer = setTimeout(() => this.destroy(), GRACE_MS);
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
    });
    this.#wakeUp = undefined;
    clearTimeout(timer);
  }

  #lose(cause?: unknown): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#lossCause = cause;
    this.#wakeUp?.();
    this.#onLost?.();
  }
}

/**
 * Whether a prepared statement may have failed because the schema is not any more what it was: it is gone (26000), its result has other
 * columns (0A000), or its parameters are held to types that the columns no longer have (22, 42). Nothing was done then. In a transaction,
 * which all is lost with, only what is not the statement's own fault counts.
 */
function mayBeStale(error: unknown, isInside: boolean): boolean {
  if (!(error instanceof SluiceError) || !isDatabaseError(error.cause)) return false;
  const { code = '' } = error.cause;
  return isInside ? STALE_INSIDE.has(code) : STALE.has(code.slice(0, 2));
}

const STALE: ReadonlySet<string> = new Set(['0A', '22', '26', '42']);

const STALE_INSIDE: ReadonlySet<string> = new Set(['0A000', '26000', '42804', '42883']);

function staleError(cause: unknown, operation: string | undefined): ConflictError {
  const message = 'The schema was changed while the transaction ran; it was rolled back.';
  return new ConflictError('serialization', message, { cause, operation });
}

function unexpected(): never {
  throw new InternalError('PostgreSQL answered a statement with no result.');
}
