import { type ExecuteOptions, InternalError } from '@sluice/core';
import type { Client, QueryArrayConfig } from 'pg';
import { type BackendKey, sendCancel } from './postgres-cancel.js';
import { PostgresCursor } from './postgres-cursor.js';
import { connectionLostError, isDatabaseError, toSluiceError } from './postgres-errors.js';
import { assertNotInterrupted, Interrupt } from './postgres-interrupt.js';
import type { PostgresConfig } from './postgres-options.js';
import { RAW_TYPES, type RawResult, type RawRows } from './postgres-raw-result.js';
import { sessionStatement } from './postgres-session.js';

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
  /** What a deadline or signal does to the running statement. Default `cancel`. */
  readonly onInterrupt?: 'cancel' | 'destroy';
}

/** Finds the columns of a violated constraint, best effort. */
export type ColumnLookup = (cause: unknown, connection: PostgresConnection) => Promise<readonly string[]>;

/**
 * One connection, one statement at a time. A statement is cancelled on the server when its deadline passes or its signal is aborted;
 * every failure comes out as a SluiceError, after the server has said that it is ready again or the connection is gone.
 */
export class PostgresConnection {
  readonly #config: PostgresConfig;
  readonly #client: Client;
  readonly #columnsOf: ColumnLookup;
  #onLost: (() => void) | undefined;
  #isLost = false;
  #lossCause: unknown;
  /** Whether the server waits for a command. */
  #isReady = true;
  /** Whether the running command has completed, so that from here on it may be committed. */
  #isCompleted = false;
  /** Whether the running command may have committed something before it has completed. */
  #canCommitEarly = false;
  #wakeUp: (() => void) | undefined;
  #cancelling: Promise<void> | undefined;
  #wasCancelled = false;
  /** Whether a statement may have changed the session for the next caller: a setting, a temporary table, a listener. */
  #isAltered = false;
  #lastOutcome: LastOutcome = 'not sent';

  /** @param client connected, with its session set up. */
  constructor(config: PostgresConfig, client: Client, columnsOf: ColumnLookup) {
    this.#config = config;
    this.#client = client;
    this.#columnsOf = columnsOf;
    client.on('error', (error) => this.#lose(error));
    client.on('end', () => this.#lose());
    client.connection.on('commandComplete', () => {
      this.#isCompleted = true;
    });
    client.connection.on('readyForQuery', () => {
      this.#isReady = true;
      this.#wakeUp?.();
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

  /** Told once, when the connection is gone for whatever reason. */
  set onLost(listener: (() => void) | undefined) {
    this.#onLost = listener;
  }

  /** Runs one statement; its parameters are those `pg` takes. */
  run(text: string, parameters: readonly unknown[] = [], options: SendOptions = {}): Promise<RawResult> {
    this.#canCommitEarly = options.isScript === true || COMMITS_INSIDE.test(text);
    return this.#perform(options, async () => {
      const result: RawResult | RawResult[] = await this.#client.query<(string | null)[]>(
        toQuery(text, parameters, options),
      );
      const last = Array.isArray(result) ? (result.at(-1) ?? unexpected()) : result;
      if (Array.isArray(result) || mayAlterSession(last.command, text)) this.#isAltered = true;
      return last;
    });
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

  /**
   * Makes the connection fit for another caller, and tells whether it is: outside a transaction, with no cancel request on its way to it,
   * its session as it was when it was opened.
   */
  async reset(): Promise<boolean> {
    if (this.#isLost || this.status !== 'I') return false;
    if (!this.#wasCancelled && !this.#isAltered) return true;
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
    this.#isAltered = false;
  }

  async #perform<T>(options: SendOptions, send: () => Promise<T>): Promise<T> {
    this.#lastOutcome = 'not sent';
    if (this.#isLost) throw connectionLostError(this.#config, this.#lossCause, options.label);
    assertNotInterrupted(options);
    const interrupt = new Interrupt(options, () => this.#interrupt(options));
    this.#isReady = false;
    this.#isCompleted = false;
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
    this.#cancelling = sendCancel(this.#config, key, GRACE_MS).then(() => {
      this.#cancelling = undefined;
      clearTimeout(timer);
    });
  }

  async #explain(cause: unknown, interrupt: Interrupt, options: SendOptions): Promise<Error> {
    if (this.#isLost) {
      // A FATAL error that came instead of the command's completion proves that nothing was committed, as that comes after it.
      const isProof = isDatabaseError(cause) && !this.#isCompleted && !this.#canCommitEarly;
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
    if (this.#isReady || this.#isLost) return;
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

/** Procedures may commit; and COMMIT itself says that it is complete only afterwards. */
const COMMITS_INSIDE = /^\s*(call|commit|do)\b/i;

const ALTERS_SESSION: ReadonlySet<string> = new Set([
  'CALL',
  'CREATE',
  'DECLARE',
  'DISCARD',
  'DO',
  'LISTEN',
  'LOAD',
  'PREPARE',
  'RESET',
  'SET',
]);

function mayAlterSession(command: string, text: string): boolean {
  return ALTERS_SESSION.has(command) && !/^\s*set\s+(local|transaction)\s/i.test(text);
}

interface RawQuery extends QueryArrayConfig<unknown[]> {
  readonly queryMode?: 'extended';
}

function toQuery(text: string, parameters: readonly unknown[], { isScript = false }: SendOptions): RawQuery {
  const query: RawQuery = { text, values: [...parameters], rowMode: 'array', types: RAW_TYPES };
  // The extended protocol takes one statement; pg would use it only where there are parameters.
  return isScript ? query : { ...query, queryMode: 'extended' };
}

function unexpected(): never {
  throw new InternalError('PostgreSQL answered a statement with no result.');
}
