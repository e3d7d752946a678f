import type { ExecuteOptions, OnWarning } from '@sluice/core';
import { connect } from '../connection/connect.js';
import { connectToAny, isSameServer } from '../connection/connect-to-any.js';
import type { PostgresConnection } from '../connection/connection.js';
import { assertNotInterrupted, Interrupt } from '../connection/interrupt.js';
import type { SessionMode } from '../connection/mode.js';
import { isTransient, isWithoutRoom, readOnlyError } from '../errors/errors.js';
import type { PostgresConfig } from '../options/options.js';
import { takes } from '../options/target.js';
import { PostgresConstraints } from '../schema/constraints.js';
import { PoolerCheck } from './pooler-check.js';
import { Restoring } from './restoring.js';

/** The delay before another attempt to open a connection, in milliseconds: it doubles with each failure, up to the maximum, with jitter. */
const MIN_DELAY_MS = 20;
const MAX_DELAY_MS = 500;

/** By how much of `maxLifetimeMs` a connection may be replaced earlier, so that not all are replaced at once. */
const LIFETIME_JITTER = 0.1;

/** How long statements may run on after it was seen that another server is the primary now, in milliseconds. */
const ELSEWHERE_MS = 1000;

/**
 * What a caller waits for when no connection can be opened at the moment. `server`: until its deadline, for a server that is away or full. `connection`: only
 * for another caller's connection, where the server has no room for more. `nothing`: it fails at once.
 */
export type Patience = 'connection' | 'nothing' | 'server';

/** How a caller waits for a connection. */
export interface TakeOptions extends ExecuteOptions {
  /** Default `server`. */
  readonly patience?: Patience | undefined;
  /** Until when it waits after an attempt that failed, in milliseconds of `performance.now()`. Default: its deadline. */
  readonly patientUntil?: number | undefined;
}

interface Waiter {
  readonly options: TakeOptions;
  readonly settle: (give: () => void) => void;
  readonly resolve: (connection: PostgresConnection) => void;
  readonly reject: (error: unknown) => void;
  /** Why no connection could be opened for it so far. */
  failure: unknown;
}

interface IdleConnection {
  readonly connection: PostgresConnection;
  readonly since: number;
}

/**
 * The open connections of a pool, which limits how many callers may have one at once. A connection is opened for a caller that finds none idle. Where that fails
 * for a reason that passes, the caller waits, first come, first served, for one that is returned or for an attempt that succeeds: a server that is away for a
 * moment, or that has no room for another connection, is no failure of the caller. While attempts fail, there is one at a time.
 */
export class PostgresConnections {
  readonly #config: PostgresConfig;
  readonly #constraints: PostgresConstraints;
  readonly #poolerCheck: PoolerCheck;
  /** The most recently used connection is last and is lent first, so that the others can reach their idle timeout. */
  readonly #idle: IdleConnection[] = [];
  /** The open connections, with the time at which each is to be replaced, in milliseconds of `performance.now()`. */
  readonly #all = new Map<PostgresConnection, number>();
  readonly #waiting: Waiter[] = [];
  readonly #restoring = new Restoring(() => this.#grow());
  readonly #opening = new Set<Promise<void>>();
  /** The server of the last connection that was opened. */
  #preferred: PostgresConfig | undefined;
  /** Whether a primary was reached. From then on a standby, which may be behind, is not what callers wrote to. */
  #hasPrimary = false;
  /** How many attempts failed since the last one that succeeded. */
  #failures = 0;
  /** Set while the next attempt is delayed. */
  #retryTimer: NodeJS.Timeout | undefined;
  /** One timer for all idle connections: most are lent again long before their timeout. */
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(config: PostgresConfig, onWarning: OnWarning) {
    this.#config = config;
    this.#constraints = new PostgresConstraints(() => this.openSpare());
    this.#poolerCheck = new PoolerCheck(config, onWarning);
  }

  get total(): number {
    return this.#all.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Why nobody has a connection, while callers wait for attempts to open one; else `undefined`. */
  get failure(): unknown {
    return this.#failures > 0 && this.#all.size === 0 ? this.#waiting[0]?.failure : undefined;
  }

  /** Takes an idle connection, preferably one in the mode that the caller needs; `undefined` where there is none. */
  takeIdle(mode: SessionMode): PostgresConnection | undefined {
    const fit = this.#idle.findLastIndex(({ connection }) => connection.isIn(mode));
    // Without a match the index is -1: splice then takes the last one.
    const [idle] = this.#idle.splice(fit, 1);
    return idle?.connection;
  }

  /**
   * Opens a connection, or waits for one as `patience` says.
   *
   * @throws TimeoutError or AbortedError; at the deadline, what the last attempt to open a connection threw, if one failed.
   */
  async open(options: TakeOptions): Promise<PostgresConnection> {
    assertNotInterrupted(options);
    return new Promise((resolve, reject) => {
      const settle = (give: () => void): void => {
        interrupt.stop();
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        give();
      };
      const waiter: Waiter = { options, settle, resolve, reject, failure: undefined };
      const interrupt = new Interrupt(options, () => {
        const error = interrupt.error('while a connection was opened; nothing was executed');
        const isAborted = options.signal?.aborted === true;
        settle(() => reject(isAborted ? error : (waiter.failure ?? error)));
      });
      this.#waiting.push(waiter);
      this.#grow();
    });
  }

  /** Returns a clean connection, to the first caller that waits, if there is one. */
  giveBack(connection: PostgresConnection): void {
    if (this.#isOver(connection)) {
      void connection.end();
      this.#grow();
      return;
    }
    const next = this.#waiting[0];
    if (next !== undefined) next.settle(() => next.resolve(connection));
    else this.#keepIdle(connection);
  }

  /** Returns a connection that is made clean first, or destroyed where that fails. It counts as one that callers may wait for. @param isClean never rejects. */
  async giveBackOnce(isClean: Promise<boolean>, connection: PostgresConnection): Promise<void> {
    const end = this.#restoring.begin();
    const mayBeLent = await isClean;
    end();
    if (mayBeLent) this.giveBack(connection);
    else connection.destroy();
    this.#grow();
  }

  /** Ends every connection, also those that are being opened. No caller may wait any more. */
  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#retryTimer);
    await Promise.all(this.#opening);
    clearTimeout(this.#idleTimer);
    this.#idle.length = 0;
    await Promise.all([...this.#all.keys()].map((connection) => connection.end()));
  }

  /** Opens a connection outside of the pool, for lookups that must not wait for the pool's callers. */
  openSpare(config: PostgresConfig = this.#preferred ?? this.#config): Promise<PostgresConnection> {
    return connect(
      { ...config, connectTimeoutMs: Math.min(2000, config.connectTimeoutMs) },
      async () => ({}),
    );
  }

  /** Begins as many attempts as callers wait who will not get a connection that is being restored; only one while attempts fail. */
  #grow(): void {
    if (this.#retryTimer !== undefined) return;
    const limit = this.#failures > 0 ? 1 : Number.POSITIVE_INFINITY;
    while (this.#opening.size < Math.min(this.#waiting.length - this.#restoring.expected, limit)) {
      const opening = this.#openOne().finally(() => {
        this.#opening.delete(opening);
        this.#grow();
      });
      this.#opening.add(opening);
    }
  }

  async #openOne(): Promise<void> {
    try {
      const connection = await this.#open();
      this.#failures = 0;
      if (!connection.isLost) this.giveBack(connection);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** An error that will not pass ends one caller's wait, as the attempt was made for one; any other, that of the callers that do not wait for it to pass. */
  #refuse(error: unknown): void {
    if (!isTransient(error)) {
      const first = this.#waiting[0];
      first?.settle(() => first.reject(error));
      return;
    }
    for (const waiter of [...this.#waiting]) {
      waiter.failure = error;
      if (!this.#mayWait(waiter.options, error)) waiter.settle(() => waiter.reject(error));
    }
    // Callers that come later make their own attempt.
    if (this.#retryTimer !== undefined || this.#waiting.length === 0) return;
    this.#failures += 1;
    const delayMs = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** (this.#failures - 1));
    this.#retryTimer = setTimeout(
      () => {
        this.#retryTimer = undefined;
        this.#grow();
      },
      delayMs * (0.5 + Math.random() / 2),
    );
  }

  #mayWait({ patience = 'server', deadline, patientUntil }: TakeOptions, error: unknown): boolean {
    if (patience === 'nothing' || (patientUntil ?? Number.POSITIVE_INFINITY) <= performance.now())
      return false;
    // One of the pool's own connections will be returned.
    if (isWithoutRoom(error) && this.#all.size > 0) return true;
    return patience === 'server' && deadline !== undefined;
  }

  async #open(): Promise<PostgresConnection> {
    const connection = await connectToAny(this.#config, this.#constraints.placeOf, this.#preferred);
    try {
      this.#assertRole(connection);
      await this.#poolerCheck.check(connection, () => this.openSpare(connection.config));
    } catch (error) {
      void connection.end();
      throw error;
    }
    const { maxLifetimeMs } = this.#config;
    this.#all.set(connection, performance.now() + maxLifetimeMs * (1 - LIFETIME_JITTER * Math.random()));
    connection.onLost = () => this.#forget(connection);
    if (connection.isLost) this.#forget(connection);
    this.#follow(connection);
    return connection;
  }

  /**
   * Where nothing says which servers are wanted, a standby is taken until a primary was reached. After that it is one that a failover or a name has led to,
   * which may not have what callers wrote.
   */
  #assertRole({ config, role }: PostgresConnection): void {
    if (!role.isStandby) this.#hasPrimary = true;
    else if (this.#config.target === undefined && this.#hasPrimary) throw readOnlyError(config, true);
  }

  /** After a failover: gives up the connections that lead to another server than the new one does, or to what was a standby. */
  #follow({ config, role }: PostgresConnection): void {
    const { target = 'read-write', isLoadBalanced } = this.#config;
    this.#preferred = config;
    if (isLoadBalanced || !takes('primary', role) || (target !== 'primary' && target !== 'read-write'))
      return;
    const elsewhere = [...this.#all.keys()].filter(
      (other) => other.role.isStandby || !isSameServer(other.config, config),
    );
    for (const connection of elsewhere) {
      connection.retire();
      this.#endIfIdle(connection);
    }
    if (elsewhere.length === 0) return;
    // The statements that still run there end with the connection, and those that nothing was committed of are made again over a new one.
    const timer = setTimeout(() => {
      for (const connection of elsewhere) if (!connection.isLost) connection.destroy();
    }, ELSEWHERE_MS);
    timer.unref();
  }

  #endIfIdle(connection: PostgresConnection): void {
    if (this.#removeIdle(connection)) void connection.end();
  }

  #isOver(connection: PostgresConnection): boolean {
    return connection.isRetired || performance.now() >= (this.#all.get(connection) ?? 0);
  }

  #keepIdle(connection: PostgresConnection): void {
    this.#idle.push({ connection, since: performance.now() });
    this.#watchIdle();
  }

  #watchIdle(): void {
    if (this.#idle.length === 0 || this.#idleTimer !== undefined) return;
    const leftMs = Math.min(...this.#idle.map((idle) => this.#endsAt(idle))) - performance.now();
    this.#idleTimer = setTimeout(() => this.#endOld(), Math.max(1, leftMs));
    this.#idleTimer.unref();
  }

  #endOld(): void {
    this.#idleTimer = undefined;
    const now = performance.now();
    for (const idle of [...this.#idle]) if (this.#endsAt(idle) <= now) this.#endIfIdle(idle.connection);
    this.#watchIdle();
  }

  /** When an idle connection is closed. */
  #endsAt({ connection, since }: IdleConnection): number {
    return Math.min(since + this.#config.idleTimeoutMs, this.#all.get(connection) ?? 0);
  }

  #forget(connection: PostgresConnection): void {
    this.#all.delete(connection);
    this.#removeIdle(connection);
    if (connection.isUnanswered) this.#discardIdle();
  }

  /** Where the server did not answer on one connection, the idle ones may be dead too, and each would cost its next caller the whole deadline. */
  #discardIdle(): void {
    for (const { connection } of this.#idle.splice(0)) void connection.end();
  }

  /** Returns whether it was idle. */
  #removeIdle(connection: PostgresConnection): boolean {
    const index = this.#idle.findIndex((idle) => idle.connection === connection);
    if (index >= 0) this.#idle.splice(index, 1);
    return index >= 0;
  }
}
