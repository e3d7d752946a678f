import { ClosedError, type LaneMetrics, type OnWarning, type Statement } from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import type { PostgresConfig } from '../options/options.js';
import type { PostgresCounters } from '../transaction/counters.js';
import type { PooledConnection } from '../transaction/pooled-connection.js';
import { SharedCommit } from '../transaction/shared-commit.js';
import { PostgresAdmission } from './admission.js';
import { ConnectionLane } from './connection-lane.js';
import { PostgresConnections, type TakeOptions } from './connections.js';
import { type MeasuredLease, PostgresMeter } from './meter.js';
import { SessionUse } from './session-use.js';
import { PostgresThrottle, type ThrottleOptions } from './throttle.js';

interface MeteredLease extends MeasuredLease {
  readonly recordJoined: (others: number) => void;
}

/** Lends the connections of one database, at most `poolSize`, in the order of {@link ConnectionLane}. They are opened on demand. */
export class PostgresPool {
  readonly #config: PostgresConfig;
  readonly #lane: ConnectionLane;
  readonly #throttle: PostgresThrottle;
  readonly #meters: Readonly<Record<'read' | 'write', PostgresMeter>>;
  readonly #connections: PostgresConnections;
  readonly #use = new SessionUse();
  #closed: Promise<void> | undefined;

  constructor(config: PostgresConfig, onWarning: OnWarning, counters: PostgresCounters) {
    const { poolSize: permits, queueLimit } = config;
    this.#config = config;
    this.#lane = new ConnectionLane(config);
    const admission = new PostgresAdmission(this.#lane, queueLimit);
    this.#throttle = new PostgresThrottle(admission, permits, queueLimit, counters);
    this.#meters = {
      read: new PostgresMeter(this.#lane, permits),
      write: new PostgresMeter(this.#throttle, permits),
    };
    this.#connections = new PostgresConnections(config, onWarning);
  }

  /**
   * Waits for a connection. The caller must release it.
   *
   * @throws ClosedError, OverloadedError, TimeoutError, AbortedError, or what opening a connection throws: see {@link PostgresConnections.open}.
   */
  async acquire(access: 'read' | 'write', options: TakeOptions & ThrottleOptions): Promise<PooledConnection> {
    if (this.#closed !== undefined) throw new ClosedError('The storage is closed.');
    const { patience = 'server' } = options;
    // Those who wait for the server hold all permits.
    if (patience !== 'server' && this.#connections.failure !== undefined) throw this.#connections.failure;
    const meter = this.#meters[access];
    const timed = this.#withAcquireTimeout(options);
    const lease: MeteredLease = {
      ...(await meter.acquire(timed)),
      recordJoined: (others) => meter.recordJoined(others, lease.waitedMs, options.priority ?? 'normal'),
    };
    if (lease.shared !== undefined) return share(lease.shared, lease, this.#keepsSession);
    const idle = this.#connections.takeIdle(access);
    if (idle !== undefined) return this.#lend(idle, lease);
    try {
      return this.#lend(await this.#connections.open({ ...options, patientUntil: timed.deadline }), lease);
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** Opens a connection beside the pool's. The caller must end it. */
  openSpare(): Promise<PostgresConnection> {
    return this.#connections.openSpare();
  }

  #withAcquireTimeout(options: TakeOptions & ThrottleOptions): TakeOptions & ThrottleOptions {
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
    readonly snapshotsHeld: number;
  } {
    const { read, write } = this.#meters;
    const { snapshotsHeld } = this.#lane;
    const { total, idle } = this.#connections;
    return { reads: read.metrics(), writes: write.metrics(), total, idle, snapshotsHeld };
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
    await this.#connections.close();
  }

  #lend(connection: PostgresConnection, lease: MeteredLease): PooledConnection {
    const { hotSpot } = lease;
    return {
      connection,
      joinedBy: lease.recordJoined,
      shared: hotSpot === undefined ? undefined : new SharedCommit(hotSpot, connection),
      keepsSession: this.#keepsSession,
      release: () => this.#takeBack(connection, lease),
    };
  }

  /** Behind a pooler in transaction mode nothing is reset. */
  get #resetsAlways(): boolean {
    return this.#config.resetSession === 'always' && !this.#config.isPooled;
  }

  get #mustReadCode(): boolean {
    return this.#config.resetSession === 'changed' && !this.#config.isPooled && this.#use.mustRead;
  }

  readonly #keepsSession = (statement: Statement): boolean => this.#use.keepsSession(statement);

  /** A connection that must be restored keeps its lease until it may be lent again. The caller has its answer meanwhile. */
  #takeBack(connection: PostgresConnection, lease: MeteredLease): void {
    if (connection.takeChangeOfCode()) this.#use.forget();
    if (connection.isClean && !this.#resetsAlways && !this.#mustReadCode) {
      this.#connections.giveBack(connection);
      lease.release();
      return;
    }
    lease.leave();
    void this.#connections.giveBackOnce(this.#makeClean(connection), connection).then(lease.release);
  }

  /** Never rejects. */
  async #makeClean(connection: PostgresConnection): Promise<boolean> {
    if (!(await connection.reset(this.#resetsAlways))) return false;
    if (!this.#mustReadCode) return true;
    await this.#use.read(connection).catch(ignore);
    return connection.reset();
  }
}

/** Lends the connection of a shared COMMIT. Its first member returns it to the pool. */
function share(
  shared: SharedCommit,
  lease: MeteredLease,
  keepsSession: PooledConnection['keepsSession'],
): PooledConnection {
  return {
    connection: shared.connection,
    joinedBy: lease.recordJoined,
    shared,
    keepsSession,
    release: lease.release,
  };
}

function ignore(): void {}
