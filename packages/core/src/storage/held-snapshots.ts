import type { Kysely } from 'kysely';
import { toOptionsWithin } from '../call/call-options.js';
import type { DatabaseWarning } from '../driver/database-warning.js';
import type { Database, ExecuteOptions } from '../driver/driver.js';
import { ClosedError, SnapshotTooOldError } from '../errors/flow-errors.js';
import { invalidQuery } from '../errors/invalid-query.js';
import { UsageError } from '../errors/usage-errors.js';
import { MAX_TIMER_MS } from '../lane/max-timer.js';
import { HostedRepositories } from '../repository/hosted-repositories.js';
import type { RepositoryHost } from '../repository/repository-calls.js';
import { type OnReplay, replay } from '../transaction/replay.js';
import { SnapshotScope, type SnapshotScopeOptions } from './snapshot-scope.js';
import type { StorageSnapshot } from './storage-snapshot.js';
import { type TransactionHandleHost, transactionKysely } from './transaction-handle.js';

const DEFAULT_MAX_MS = 600_000;

/** A statement that reads nothing, and takes the snapshot of its transaction on engines that take it with any statement. */
const TAKES_SNAPSHOT = 'select 1';

/** What snapshots run on. */
export interface SnapshotsHost extends SnapshotScopeOptions {
  /** The storage. */
  readonly owner: object;
  readonly database: Pick<Database, 'begin' | 'sql'>;
  readonly handle: TransactionHandleHost;
  readonly onReplay: OnReplay;
  readonly onWarning: (warning: DatabaseWarning) => void;
}

/** How one snapshot is made: the options of the wait for it, and of its life. */
export interface SnapshotRequest {
  readonly execute: ExecuteOptions;
  readonly maxMs: number | undefined;
  readonly after: string | undefined;
  /** Created where the application asks for it, for its stack. */
  readonly origin: Error;
}

/** The snapshots that are held of a storage. */
export class HeldSnapshots<DB> {
  readonly #host: SnapshotsHost;
  readonly #open = new Set<SnapshotScope>();
  #isClosed = false;

  constructor(host: SnapshotsHost) {
    this.#host = host;
  }

  /** Takes a snapshot, which is open when the promise resolves. */
  async open({
    execute,
    maxMs = DEFAULT_MAX_MS,
    after,
    origin,
  }: SnapshotRequest): Promise<StorageSnapshot<DB>> {
    if (!(maxMs >= 1)) throw invalidQuery('`maxMs` must be a number, 1 or more');
    const scope = await replay(
      (attempt) => this.#begin({ ...execute, attempt, origin }, after),
      execute,
      this.#host.onReplay,
    );
    if (this.#isClosed) {
      await scope.end(storageClosed);
      throw storageClosed();
    }
    this.#open.add(scope);
    const life = { ...execute, signal: undefined, deadline: performance.now() + maxMs };
    const timer =
      maxMs <= MAX_TIMER_MS ? setTimeout(() => this.#expire(scope, life, maxMs, origin), maxMs) : undefined;
    // A snapshot that nobody closes must not keep the process.
    timer?.unref();
    return new HeldSnapshot<DB>(scope, this.#host.handle, life, async () => {
      clearTimeout(timer);
      await scope.end(snapshotClosed);
      this.#open.delete(scope);
    });
  }

  /** Ends all, after the calls and streams that were accepted. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open].map((scope) => scope.drain(storageClosed)));
    this.#open.clear();
  }

  async #begin(execute: ExecuteOptions, after: string | undefined): Promise<SnapshotScope> {
    const { owner, database } = this.#host;
    const transaction = await database.begin({ ...execute, access: 'read', after });
    const scope = new SnapshotScope(owner, transaction, this.#host);
    try {
      const sql = database.sql.takesSnapshot ?? TAKES_SNAPSHOT;
      await scope.execute({ sql, parameters: [], access: 'read', isContained: true }, execute);
      return scope;
    } catch (error) {
      await scope.end(snapshotClosed);
      throw error;
    }
  }

  #expire(scope: SnapshotScope, { label }: ExecuteOptions, maxMs: number, origin: Error): void {
    this.#open.delete(scope);
    this.#host.onWarning({
      code: 'snapshot_expired',
      message: `The snapshot "${label}" was open for its maxMs of ${maxMs} and was ended. Close it when it is no longer needed, or raise maxMs.`,
      details: { label, maxMs, stack: origin.stack },
    });
    void scope.end(() => expired(maxMs, label));
  }
}

/** A snapshot as the application has it. */
class HeldSnapshot<DB> extends HostedRepositories<DB> implements StorageSnapshot<DB> {
  readonly kysely: Kysely<DB>;
  readonly repositoryHost: RepositoryHost;
  readonly #close: () => Promise<void>;

  constructor(
    scope: SnapshotScope,
    host: TransactionHandleHost,
    life: ExecuteOptions,
    close: () => Promise<void>,
  ) {
    super();
    const callTimeoutMs = host.defaultTimeoutMs;
    this.repositoryHost = {
      ...host,
      runner: scope,
      transaction: life,
      callTimeoutMs,
      atomically: (work) => work(scope),
    };
    const options = (): ExecuteOptions =>
      toOptionsWithin(life, { timeoutMs: callTimeoutMs }, 'snapshot.kysely');
    this.kysely = transactionKysely<DB>(scope, host, options);
    this.#close = close;
  }

  close(): Promise<void> {
    return this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

function snapshotClosed(): Error {
  return new UsageError('transaction_ended', 'The snapshot was closed; it cannot be used any more.');
}

function storageClosed(): Error {
  return new ClosedError('The storage is closed, and its snapshots with it.');
}

function expired(maxMs: number, label: string | undefined): Error {
  return new SnapshotTooOldError(
    `The snapshot was open for its maxMs of ${maxMs} and was ended. Take another one, or raise maxMs.`,
    { operation: label },
  );
}
