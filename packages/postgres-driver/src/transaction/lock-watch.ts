import { ConflictError, type ExecuteOptions, TimeoutError } from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import { lookupOptions } from '../schema/catalog-connection.js';
import type { PostgresCounters } from './counters.js';

/** From which age on a statement is looked at, and the shortest time between two looks, in milliseconds. A shorter wait is not seen. */
const SHORTEST_MS = 50;
const LONGEST_MS = 1000;

/** How long the connection is kept after the last look, and how long it is not opened again after it failed, in milliseconds. */
const KEPT_MS = 10_000;

/** The name of a holder that is not a call of this storage. */
const ELSEWHERE = '(another process)';

/** A statement that may wait for a lock. */
interface Watched {
  readonly connection: PostgresConnection;
  readonly label: string | undefined;
  /** When it was last seen at work; at first, when it was sent. */
  workedAt: number;
  /** Whom it waited for when it was last looked at. */
  holder: string | undefined;
}

/** Ends the watch of a statement. After its failure, returns the error that its caller gets. */
export interface LockWait {
  end(): void;
  fail(error: unknown): unknown;
}

/**
 * Measures how long statements wait for locks of other transactions, which PostgreSQL does not report: those that take longer than 50 ms are looked up in
 * pg_stat_activity now and then, on a connection beside the pool's that is open only while there are such statements. Each wait is known within the time
 * between two looks, 50 ms to 1 second. Best effort: where the server cannot be asked, nothing is measured.
 */
export class PostgresLockWatch {
  readonly #openSpare: () => Promise<PostgresConnection>;
  readonly #counters: PostgresCounters;
  /** An array rather than a Set, for the reason given at core's Fifo: each write is added and removed. */
  readonly #running: Watched[] = [];
  /** The labels of the open write transactions, by the server's process. */
  readonly #holders = new Map<number, string>();
  #spare: PostgresConnection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> | undefined;
  #lookedAt = 0;
  #retryAt = 0;

  constructor(openSpare: () => Promise<PostgresConnection>, counters: PostgresCounters) {
    this.#openSpare = openSpare;
    this.#counters = counters;
  }

  /** Names the transaction on `connection` as a holder of locks, until the returned function is called. */
  noteHolder(connection: PostgresConnection, label = 'write'): () => void {
    const { pid } = connection.backend;
    this.#holders.set(pid, label);
    return () => {
      this.#holders.delete(pid);
    };
  }

  /** Watches a statement that is about to be sent. */
  begin(connection: PostgresConnection, { label }: Pick<ExecuteOptions, 'label'>): LockWait {
    const watched: Watched = { connection, label, workedAt: performance.now(), holder: undefined };
    this.#running.push(watched);
    // Until then the timer was for the connection.
    if (this.#running.length === 1) this.#clearTimer();
    this.#arm();
    return {
      end: () => this.#end(watched),
      fail: (error) => {
        const { holder } = watched;
        this.#end(watched);
        return holder === undefined ? error : withHolder(error, holder);
      },
    };
  }

  /** No statement may run any more. */
  async close(): Promise<void> {
    this.#clearTimer();
    this.#retryAt = Number.POSITIVE_INFINITY;
    await this.#look;
    await this.#endSpare();
  }

  #end(watched: Watched): void {
    const index = this.#running.indexOf(watched);
    if (index >= 0) this.#running.splice(index, 1);
    this.#recordWait(watched, performance.now());
  }

  #recordWait(watched: Watched, until: number): void {
    if (watched.holder !== undefined) this.#counters.recordLockWait(until - watched.workedAt, watched.holder);
    watched.holder = undefined;
    watched.workedAt = until;
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#look !== undefined) return;
    if (this.#retryAt === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#tick(), this.#delayMs());
    this.#timer.unref();
  }

  /** Statements are looked at the less often the longer they take. */
  #delayMs(): number {
    if (this.#running.length === 0) return KEPT_MS;
    const now = performance.now();
    const youngestMs = Math.min(...this.#running.map(({ workedAt }) => now - workedAt));
    return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, youngestMs / 4));
  }

  #tick(): void {
    this.#timer = undefined;
    const now = performance.now();
    const long = this.#running.filter(({ workedAt }) => now - workedAt >= SHORTEST_MS);
    if (long.length > 0 && now >= this.#retryAt) {
      this.#look = this.#lookAt(long).finally(() => {
        this.#look = undefined;
        this.#arm();
      });
      return;
    }
    if (this.#spare !== undefined && now - this.#lookedAt >= KEPT_MS) void this.#endSpare();
    if (this.#running.length > 0 || this.#spare !== undefined) this.#arm();
  }

  async #lookAt(statements: readonly Watched[]): Promise<void> {
    const at = performance.now();
    this.#lookedAt = at;
    try {
      this.#spare ??= await this.#openSpare();
      const blockers = await readBlockers(
        this.#spare,
        statements.map(({ connection }) => connection.backend.pid),
      );
      for (const statement of statements) {
        if (!this.#running.includes(statement)) continue;
        const holder = this.#holderOf(statement.connection.backend.pid, blockers);
        if (holder === undefined) this.#recordWait(statement, at);
        else statement.holder = holder;
      }
    } catch {
      this.#retryAt = Math.max(this.#retryAt, at + KEPT_MS);
      await this.#endSpare();
    }
  }

  /** Those that wait for the same row wait for one another: the holder is at the end of the queue. */
  #holderOf(pid: number, blockers: ReadonlyMap<number, number>): string | undefined {
    let holder = blockers.get(pid);
    if (holder === undefined) return undefined;
    for (let steps = 0; steps < blockers.size; steps += 1) holder = blockers.get(holder) ?? holder;
    const single = this.#running.find(({ connection }) => connection.backend.pid === holder);
    return this.#holders.get(holder) ?? (single === undefined ? ELSEWHERE : (single.label ?? 'statement'));
  }

  async #endSpare(): Promise<void> {
    const spare = this.#spare;
    this.#spare = undefined;
    await spare?.end().catch(() => {});
  }
}

/** Says of a deadline that passed what it was spent on. */
function withHolder(error: unknown, holder: string): unknown {
  if (!(error instanceof TimeoutError) || error.cause instanceof ConflictError) return error;
  const message = `The statement waited for a lock that "${holder}" holds.`;
  error.cause = new ConflictError('lock_timeout', message, { cause: error.cause });
  return error;
}

/** Of the server's processes that wait for a lock, one that each waits for. */
async function readBlockers(
  connection: PostgresConnection,
  pids: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const { rows } = await connection.run(WAITING, [`{${pids.join(',')}}`], {
    ...lookupOptions(),
    onInterrupt: 'destroy',
  });
  // The lock may have been given between the two questions: then nobody holds it any more.
  const blocked = rows.filter(({ fields: [, blocker] }) => blocker !== null);
  return new Map(blocked.map(({ fields: [pid, blocker] }) => [Number(pid), Number(blocker)]));
}

const WAITING = `
  select pid, (pg_catalog.pg_blocking_pids(pid))[1]
  from pg_catalog.pg_stat_activity where pid = any ($1::int[]) and wait_event_type = 'Lock'`;
