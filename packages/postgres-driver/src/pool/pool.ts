import { ClosedError, type ExecuteOptions, Lane, type LaneMetrics, type OnWarning } from '@sluice/core';
import { connect } from '../connection/connect.js';
import type { PostgresConnection } from '../connection/connection.js';
import { assertNotInterrupted, Interrupt } from '../connection/interrupt.js';
import type { SessionMode } from '../connection/mode.js';
import type { PostgresConfig } from '../options/options.js';
import { PostgresConstraints } from '../schema/constraints.js';
import type { PooledConnection } from '../transaction/pooled-connection.js';
import { SharedCommit } from '../transaction/shared-commit.js';
import { PostgresAdmission } from './admission.js';
import { PostgresMeter } from './meter.js';
import { PoolerCheck } from './pooler-check.js';
import { PostgresThrottle, type ThrottleLease, type ThrottleOptions } from './throttle.js';

interface MeteredLease extends ThrottleLease {
  readonly recordJoined: (others: number) => void;
}

/** The connections of one database, at most `poolSize`. They are opened on demand and lent in the order of core's Lane. */
export class PostgresPool {
  readonly #config: PostgresConfig;
  readonly #lane: Lane;
  readonly #throttle: PostgresThrottle;
  readonly #meters: Readonly<Record<'read' | 'write', PostgresMeter>>;
  readonly #constraints: PostgresConstraints;
  readonly #poolerCheck: PoolerCheck;
  /** The most recently used connection is last and is lent first, so that the others can reach their idle timeout. */
  readonly #idle: { readonly connection: PostgresConnection; readonly since: number }[] = [];
  /** One timer for all idle connections: most are lent again long before their timeout. */
  #timer: NodeJS.Timeout | undefined;
  readonly #all = new Set<PostgresConnection>();
  #closed: Promise<void> | undefined;

  constructor(config: PostgresConfig, onWarning: OnWarning) {
    const { poolSize: permits, queueLimit } = config;
    this.#config = config;
    this.#lane = new Lane({ name: 'a PostgreSQL connection', permits, queueLimit });
    this.#throttle = new PostgresThrottle(new PostgresAdmission(this.#lane, queueLimit), permits, queueLimit);
    this.#meters = {
      read: new PostgresMeter(this.#lane, permits),
      write: new PostgresMeter(this.#throttle, permits),
    };
    this.#constraints = new PostgresConstraints(() => this.#openSpare());
    this.#poolerCheck = new PoolerCheck(config, onWarning);
  }

  /**
   * Waits for a connection. The caller must release it.
   *
   * @throws ClosedError, OverloadedError, TimeoutError, AbortedError, or what opening a connection throws.
   */
  async acquire(
    access: 'read' | 'write',
    options: ExecuteOptions & ThrottleOptions,
  ): Promise<PooledConnection> {
    if (this.#closed !== undefined) throw new ClosedError('The storage is closed.');
    const meter = this.#meters[access];
    const lease: MeteredLease = {
      ...(await meter.acquire(this.#withAcquireTimeout(options))),
      recordJoined: (others) => meter.recordJoined(others, lease.waitedMs, options.priority ?? 'normal'),
    };
    if (lease.shared !== undefined) return share(lease.shared, lease);
    const idle = this.#takeIdle(access);
    if (idle !== undefined) return this.#lend(idle, lease);
    try {
      assertNotInterrupted(options);
    } catch (error) {
      lease.release();
      throw error;
    }
    return this.#openWithin(lease, options);
  }

  #withAcquireTimeout(options: ExecuteOptions & ThrottleOptions): ThrottleOptions {
    const { acquireTimeoutMs } = this.#config;
    if (acquireTimeoutMs === undefined) return options;
    const { deadline = Number.POSITIVE_INFINITY } = options;
    return { ...options, deadline: Math.min(deadline, performance.now() + acquireTimeoutMs) };
  }

  metrics(): {
    readonly reads: LaneMetrics;
    readonly writes: LaneMetrics;
    readonly total: number;
    readonly idle: number;
  } {
    const { read, write } = this.#meters;
    return { reads: read.metrics(), writes: write.metrics(), total: this.#all.size, idle: this.#idle.length };
  }

  /** Refuses new callers, waits for those accepted, and ends every connection. */
  close(): Promise<void> {
    this.#closed ??= this.#drain();
    return this.#closed;
  }

  async #drain(): Promise<void> {
    // A closed lane would refuse the writers that admission control holds back.
    await this.#throttle.empty();
    await this.#lane.close();
    clearTimeout(this.#timer);
    this.#idle.length = 0;
    await Promise.all([...this.#all].map((connection) => connection.end()));
  }

  #lend(connection: PostgresConnection, lease: MeteredLease): PooledConnection {
    const { hotSpot } = lease;
    return {
      connection,
      joinedBy: lease.recordJoined,
      shared: hotSpot === undefined ? undefined : new SharedCommit(hotSpot, connection),
      release: () => {
        if (!connection.isClean) return this.#restore(connection, lease);
        this.#keepIdle(connection);
        lease.release();
        return DONE;
      },
    };
  }

  async #restore(connection: PostgresConnection, lease: MeteredLease): Promise<void> {
    if (await connection.reset()) this.#keepIdle(connection);
    else connection.destroy();
    lease.release();
  }

  /** Opens a connection. When the caller's deadline or signal ends the wait, the connection stays in the pool for another caller. */
  #openWithin(lease: MeteredLease, options: ExecuteOptions): Promise<PooledConnection> {
    return new Promise((resolve, reject) => {
      const interrupt = new Interrupt(options, () =>
        reject(interrupt.error('while a connection was opened; nothing was executed')),
      );
      this.#open()
        .then((connection) => {
          const lent = this.#lend(connection, lease);
          if (interrupt.isInterrupted) return lent.release();
          return resolve(lent);
        })
        .catch((error: unknown) => {
          lease.release();
          reject(error);
        })
        .finally(() => interrupt.stop());
    });
  }

  async #open(): Promise<PostgresConnection> {
    const connection = await connect(this.#config, this.#constraints.columnsOf);
    try {
      await this.#poolerCheck.check(connection, () => this.#openSpare());
    } catch (error) {
      connection.destroy();
      throw error;
    }
    this.#all.add(connection);
    connection.onLost = () => this.#forget(connection);
    if (connection.isLost) this.#forget(connection);
    return connection;
  }

  /** Opens a connection outside of the pool, for lookups that must not wait for the pool's callers. */
  #openSpare(): Promise<PostgresConnection> {
    return connect(
      { ...this.#config, connectTimeoutMs: Math.min(2000, this.#config.connectTimeoutMs) },
      async () => [],
    );
  }

  /** Takes an idle connection, preferably one in the mode that the caller needs. */
  #takeIdle(mode: SessionMode): PostgresConnection | undefined {
    const fit = this.#idle.findLastIndex(({ connection }) => connection.isIn(mode));
    // Without a match the index is -1: splice then takes the last one.
    const [idle] = this.#idle.splice(fit, 1);
    return idle?.connection;
  }

  #keepIdle(connection: PostgresConnection): void {
    this.#idle.push({ connection, since: performance.now() });
    this.#watchIdle();
  }

  #watchIdle(): void {
    const [oldest] = this.#idle;
    if (oldest === undefined || this.#timer !== undefined) return;
    const leftMs = oldest.since + this.#config.idleTimeoutMs - performance.now();
    this.#timer = setTimeout(() => this.#retireOld(), Math.max(1, leftMs));
    this.#timer.unref();
  }

  #retireOld(): void {
    this.#timer = undefined;
    const before = performance.now() - this.#config.idleTimeoutMs;
    for (const { connection, since } of [...this.#idle]) {
      if (since > before) break;
      this.#removeIdle(connection);
      void connection.end();
    }
    this.#watchIdle();
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

  #removeIdle(connection: PostgresConnection): void {
    const index = this.#idle.findIndex((idle) => idle.connection === connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }
}

const DONE: Promise<void> = Promise.resolve();

/** Lends the connection of a shared COMMIT. Its first member returns it to the pool. */
function share(shared: SharedCommit, lease: MeteredLease): PooledConnection {
  return {
    connection: shared.connection,
    joinedBy: lease.recordJoined,
    shared,
    release: async () => lease.release(),
  };
}
