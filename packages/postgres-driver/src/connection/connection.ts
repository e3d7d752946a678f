import { InternalError } from '@sluice/core';
import type { Client } from 'pg';
import { connectionLostError, isDatabaseError, toSluiceError, unreplicatedError } from '../errors/errors.js';
import { sharedSessionError } from '../errors/pooler-errors.js';
import { type FailedCommand, type FailureOutcome, isOfPooler, outcomeOf } from '../errors/proofs.js';
import type { PostgresConfig } from '../options/options.js';
import type { ServerRole } from '../options/target.js';
import type { ConstraintLookup } from '../schema/constraints.js';
import { effectsOf } from '../sql/statement-effects.js';
import type { RawResult, RawRows } from '../values/raw-result.js';
import type { BackendKey } from './cancel.js';
import { Cancellation, GRACE_MS } from './cancellation.js';
import { PostgresCursor } from './cursor.js';
import { assertNotInterrupted, Interrupt } from './interrupt.js';
import type { SessionMode, SessionModes } from './mode.js';
import { type PreparedStatement, PreparedStatements } from './prepared.js';
import { PostgresQuery, type Prelude, type QueryText } from './query.js';
import type { SendOptions } from './send-options.js';
import { ServerReports } from './server-reports.js';
import { transactionSettings } from './session.js';
import { type OwnCommands, SessionState } from './session-state.js';
import { mayBeStale, staleError } from './stale.js';
import { passesNamesOn } from './statement-names.js';

/** The transaction status that the server reports: idle (I), in a transaction (T), in a failed transaction (E). */
export type TransactionStatus = 'I' | 'T' | 'E';

/** After a failure: whether the last command was not sent, or how it ended. */
export type LastOutcome = 'not sent' | FailureOutcome;

/** The server's process of a session, as it was when the connection was opened. */
export interface Backend {
  readonly pid: number;
  /** Whether a pooler is in between: the connection's cancel key names another process. */
  readonly isBehindPooler: boolean;
}

/** What a connection is constructed from. */
export interface ConnectionParts {
  readonly config: PostgresConfig;
  /** A connected client whose session is configured. */
  readonly client: Client;
  readonly placeOf: ConstraintLookup;
  readonly modes: SessionModes;
  readonly backend: Backend;
  readonly role: ServerRole;
}

/**
 * A connection that runs one statement at a time. A statement is cancelled on the server when its deadline passes or its signal is aborted.
 * Every failure rejects with a SluiceError, once the server is ready for the next query or the connection is lost.
 */
export class PostgresConnection {
  readonly backend: Backend;
  readonly #config: PostgresConfig;
  readonly #client: Client;
  readonly #placeOf: ConstraintLookup;
  readonly #modes: SessionModes;
  readonly #prepared: PreparedStatements;
  readonly #state: SessionState;
  /** Behind a pooler: the query that each transaction makes its settings with. */
  readonly #settings: string | undefined;
  /** The session's mode; `undefined` while it is being switched, and after a failed switch. */
  #mode: SessionMode | undefined = 'write';
  #onLost: (() => void) | undefined;
  #isLost = false;
  #isUnanswered = false;
  #isRetired = false;
  readonly #reports: ServerReports;
  #lossCause: unknown;
  /** How many ReadyForQuery messages are still expected for the running command. */
  #pendingSyncs = 0;
  /** The running statement, or the last one. */
  #query: PostgresQuery | undefined;
  /** Whether the running command may commit by itself, whether it is in a transaction, and whether the simple protocol sends it. */
  #command: Omit<FailedCommand, 'isCompleted' | 'isLost'> = ON_ROWS;
  /** Resolves the wait in {@link PostgresConnection.#readyOrLost}. */
  #onReadyOrLost: (() => void) | undefined;
  readonly #cancellation: Cancellation;
  #wasCancelled = false;
  #lastOutcome: LastOutcome = 'not sent';
  #commandsSent = 0;

  constructor({ config, client, placeOf, modes, backend, role }: ConnectionParts) {
    this.backend = backend;
    this.#reports = new ServerReports(client, role);
    this.#config = config;
    this.#client = client;
    this.#placeOf = placeOf;
    this.#modes = modes;
    this.#prepared = new PreparedStatements(client.connection);
    this.#state = new SessionState(client, config, this.#prepared);
    this.#cancellation = new Cancellation(config, client as Client & BackendKey, () => this.#giveUp());
    this.#settings = config.isPooled ? transactionSettings(config) : undefined;
    client.on('error', (error) => this.#lose(error));
    client.on('end', () => this.#lose());
    client.connection.on('readyForQuery', () => {
      this.#pendingSyncs -= 1;
      if (this.#pendingSyncs <= 0) this.#onReadyOrLost?.();
    });
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  get status(): TransactionStatus | null {
    return this.#client.getTransactionStatus();
  }

  /** The configuration of the server that it leads to, which may be one of several. */
  get config(): PostgresConfig {
    return this.#config;
  }

  /** What the server said about itself when the connection was opened, and since. */
  get role(): ServerRole {
    return this.#reports.role;
  }

  /** Whether it is to be closed as soon as its caller returns it. */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** Marks it to be closed when its caller returns it. */
  retire(): void {
    this.#isRetired = true;
  }

  /** Whether it was given up because the server did not answer in time. */
  get isUnanswered(): boolean {
    return this.#isUnanswered;
  }

  /** After a failure: whether the last command may have taken effect. */
  get lastOutcome(): LastOutcome {
    return this.#lastOutcome;
  }

  /** The number of commands sent. While it is unchanged, nothing was sent. */
  get commandsSent(): number {
    return this.#commandsSent;
  }

  /** Whether a single statement that needs `mode` can be sent without switching the session's mode. */
  isIn(mode: SessionMode): boolean {
    return this.#config.isPooled || this.#modes.change(this.#mode, mode) === undefined;
  }

  /** The BEGIN of a transaction in which a statement runs as it would by itself. */
  beginOf(mode: SessionMode): string {
    return this.#modes.begin(mode);
  }

  /** Sets the listener for the payloads of notifications on the channels that the session listens to. */
  set onNotification(listener: (payload: string) => void) {
    this.#client.on('notification', ({ payload = '' }) => listener(payload));
  }

  /** Sets the listener that is called once, when the connection is lost for any reason. */
  set onLost(listener: (() => void) | undefined) {
    this.#onLost = listener;
  }

  /**
   * Runs one statement and resolves with its result; of a script, with the last one.
   *
   * @throws SluiceError. {@link PostgresConnection.lastOutcome} then tells whether the statement may have taken effect.
   */
  async run(
    text: string,
    parameters: readonly unknown[] = [],
    options: SendOptions = {},
  ): Promise<RawResult> {
    const { begin, copyData, mayPrepare } = options;
    const isScript = options.isScript === true && parameters.length === 0;
    const prepared = mayPrepare ? this.#prepare(text) : undefined;
    const prelude = this.#prelude(options);
    // A script is sent by the simple protocol, which cannot follow the extended protocol's messages in the same round trip.
    if (isScript && prelude !== undefined) {
      await this.#send({ ...prelude, prepared: undefined, parameters: [], isScript }, options);
      prelude.onCompleted?.();
    }
    const effects = prepared?.effects ?? effectsOf(text);
    const isInTransaction = begin !== undefined || this.status !== 'I';
    this.#command = { isInTransaction, isSimple: isScript, ...effects };
    const isBound = options.isBound === true || this.#config.isPooled;
    const isCommitted = prelude?.query !== undefined && begin === undefined;
    if (options.keepsSession !== true) this.#state.noteSent();
    let results: readonly RawResult[];
    try {
      const query = { text, parameters, isScript, prepared, isBound, copyData, prelude, isCommitted };
      results = await this.#send(isScript ? { text, parameters, isScript } : query, options);
    } catch (error) {
      if (isCommitted) await this.#rollBackOwn();
      if (prepared === undefined || this.#isLost || !mayBeStale(error, effects, isInTransaction)) throw error;
      if (!isInTransaction) await this.#assertSameSession(error);
      // The schema has changed since the statement was prepared. Other prepared statements may be stale too.
      this.#state.leave('statements');
      if (isInTransaction) throw staleError(error, options.label);
      return this.run(text, parameters, { ...options, mayPrepare: false });
    }
    const last = results.at(-1) ?? unexpected();
    if (options.keepsSession !== true) this.#state.noteExecuted(results);
    return last;
  }

  /** After a prepared statement was not found. @throws ConfigurationError where an unnamed pooler has given the connection another session. */
  async #assertSameSession(cause: unknown): Promise<void> {
    if (!this.backend.isBehindPooler || this.#config.pooler !== undefined) return;
    const { rows } = await this.run('select pg_backend_pid()', [], own());
    if (Number(rows[0]?.text(0)) !== this.backend.pid) throw sharedSessionError(this.#config, cause);
  }

  /** Whether the server prepares statements under the names that it is sent. A pooler that keeps them for its clients gives them other names. */
  passesNamesOn(options: SendOptions): Promise<boolean> {
    this.#command = ON_ROWS;
    return this.#perform(options, () => passesNamesOn(this.#client));
  }

  #prepare(text: string): PreparedStatement | undefined {
    return this.#config.prepare ? this.#prepared.use(text) : undefined;
  }

  /** After a failure: rolls back the transaction whose BEGIN and COMMIT were sent with the statement. */
  async #rollBackOwn(): Promise<void> {
    if (this.#isLost || this.status === 'I') return;
    const outcome = this.#lastOutcome;
    await this.#send({ text: 'rollback', parameters: [], isScript: true }, own()).catch(() => this.destroy());
    this.#lastOutcome = outcome;
  }

  /** Creates a cursor. Nothing is sent before its first {@link PostgresConnection.read}. */
  openCursor(text: string, parameters: readonly unknown[]): PostgresCursor {
    return new PostgresCursor(text, parameters);
  }

  /** Reads the next rows of a cursor. Fewer than `count` rows mean that it is exhausted. */
  read(cursor: PostgresCursor, count: number, options: SendOptions): Promise<RawRows> {
    this.#command = ON_ROWS;
    if (options.keepsSession !== true) this.#state.noteSent();
    return this.#perform(options, () => cursor.read(this.#client, count));
  }

  /** Closes a cursor, also one that is not exhausted or has failed. */
  async closeCursor(cursor: PostgresCursor): Promise<void> {
    // pg-cursor’s own promise would never settle when the connection is lost meanwhile.
    if (!this.#isLost && cursor.close()) await this.#readyOrLost();
  }

  /** Whether another caller may use it: it is outside a transaction, no cancel request can still reach it, and its session is as it was opened. */
  get isClean(): boolean {
    return !this.#isLost && this.status === 'I' && !this.#wasCancelled && this.#state.isKept;
  }

  /** Whether a statement may have changed which tables run code, since this was last asked. */
  takeChangeOfCode(): boolean {
    return this.#state.takeChangeOfCode();
  }

  /**
   * Makes the connection clean, where that is possible. Resolves with whether it is clean; never rejects.
   *
   * @param always whether to reset the session also when nothing was left in it.
   */
  async reset(always = false): Promise<boolean> {
    if (this.isClean && !always) return true;
    if (this.#isLost || this.status !== 'I') return false;
    try {
      // The server has delivered the cancel request. After one more round trip it cannot cancel the next caller's statement.
      if (this.#wasCancelled) await this.run('select 1', [], own());
      if (!this.#state.isKept || always) {
        if (this.#config.isPooled || !(await this.#state.reset(this.#ownCommands))) return false;
        this.#mode = 'write';
      }
      this.#wasCancelled = false;
      return true;
    } catch {
      return false;
    }
  }

  /** Terminates the session, and resolves when the socket is closed. */
  async end(): Promise<void> {
    const timer = setTimeout(() => this.destroy(), GRACE_MS);
    await this.#client.end().finally(() => clearTimeout(timer));
  }

  /** Closes the socket at once; the server rolls back an open transaction. */
  destroy(): void {
    this.#client.connection.stream.destroy();
    this.#lose();
  }

  readonly #ownCommands: OwnCommands = {
    run: (text, parameters) => this.run(text, parameters, own()),
    perform: (send) => this.#perform(own(), send),
  };

  #send(query: QueryText, options: SendOptions): Promise<readonly RawResult[]> {
    return this.#perform(options, () => {
      this.#query = new PostgresQuery(this.#client, query);
      this.#pendingSyncs = this.#query.syncs;
      this.#client.query(this.#query);
      return this.#query.done;
    });
  }

  /** The command that must be sent before a statement, in the same round trip. */
  #prelude({ begin, mode, mayPrepare }: SendOptions): Prelude | undefined {
    const query = this.#settings;
    // BEGIN has few forms and is worth preparing. SAVEPOINT has another name for each member of a shared COMMIT.
    const prepared = mayPrepare && begin?.startsWith('begin ') ? this.#prepare(begin) : undefined;
    if (begin !== undefined) return { text: begin, isOwnTransaction: false, query, prepared };
    if (query !== undefined)
      return mode === undefined
        ? undefined
        : { text: this.#modes.begin(mode), isOwnTransaction: false, query };
    const change = mode === undefined ? undefined : this.#modes.change(this.#mode, mode);
    if (change === undefined) return undefined;
    this.#mode = undefined;
    return {
      text: change,
      isOwnTransaction: true,
      onCompleted: () => {
        this.#mode = mode;
      },
      // The cancel request has hit this command in place of the statement.
      onFailed: () => {
        if (this.#cancellation.isUnderWay) this.#cancel();
      },
    };
  }

  async #perform<T>(options: SendOptions, send: () => Promise<T>): Promise<T> {
    this.#lastOutcome = 'not sent';
    if (this.#isLost) throw connectionLostError(this.#config, this.#lossCause, options.label);
    assertNotInterrupted(options);
    const interrupt = new Interrupt(options, () => this.#interrupt(options));
    this.#query = undefined;
    this.#pendingSyncs = 1;
    this.#commandsSent += 1;
    this.#reports.isUnreplicated = false;
    let result: T;
    try {
      result = await send();
    } catch (cause) {
      await this.#readyOrLost();
      interrupt.stop();
      throw await this.#explain(cause, interrupt, options);
    } finally {
      interrupt.stop();
      if (this.#cancellation.isUnderWay) await this.#cancellation.end();
    }
    if (!this.#reports.isUnreplicated) return result;
    this.#lastOutcome = 'unknown';
    throw unreplicatedError(options.label);
  }

  #interrupt({ onInterrupt = 'cancel' }: SendOptions): void {
    if (onInterrupt === 'destroy') this.#giveUp();
    else this.#cancel();
  }

  #cancel(): void {
    this.#wasCancelled = true;
    this.#cancellation.begin();
  }

  async #explain(cause: unknown, interrupt: Interrupt, options: SendOptions): Promise<Error> {
    if (isOfPooler(cause)) this.destroy();
    const isCompleted = this.#query?.isCompleted ?? false;
    const outcome = outcomeOf(cause, { ...this.#command, isLost: this.#isLost, isCompleted });
    this.#lastOutcome = outcome;
    if (this.#isLost) {
      if (interrupt.isInterrupted)
        return interrupt.error('and the server did not answer; the connection was cut', cause);
      return connectionLostError(this.#config, cause, options.label);
    }
    if (interrupt.isInterrupted && isDatabaseError(cause) && cause.code === '57014')
      return interrupt.error('while the statement ran; the server cancelled it', cause);
    const text = this.#query?.text;
    // The lookup may run a command of its own.
    const place = await this.#placeOf(cause, this, text);
    this.#lastOutcome = outcome;
    const isPartial = outcome === 'in part';
    return toSluiceError(cause, { place, operation: options.label, isPartial });
  }

  /** After a failure: waits until the server is ready for the next query or the connection is lost. */
  async #readyOrLost(): Promise<void> {
    if (this.#pendingSyncs <= 0 || this.#isLost) return;
    const timer = setTimeout(() => this.#giveUp(), GRACE_MS);
    await new Promise<void>((resolve) => {
      this.#onReadyOrLost = resolve;
    });
    this.#onReadyOrLost = undefined;
    clearTimeout(timer);
  }

  #giveUp(): void {
    this.#isUnanswered = !this.#isLost;
    this.destroy();
  }

  #lose(cause?: unknown): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#lossCause = cause;
    this.#onReadyOrLost?.();
    this.#onLost?.();
  }
}

/** The options of a command of the driver's own, which keeps the session as it is. */
function own(): SendOptions {
  return { deadline: performance.now() + GRACE_MS, onInterrupt: 'destroy', keepsSession: true };
}

const ON_ROWS = { isInTransaction: false, isSimple: false, mayCommit: false, isCommit: false } as const;

function unexpected(): never {
  throw new InternalError('PostgreSQL answered a statement with no result.');
}
