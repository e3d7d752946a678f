import { type ChangeListener, ClosedError, ConnectionError, type ExecuteOptions } from '@sluice/core';
import { connect } from '../connection/connect.js';
import type { PostgresConnection } from '../connection/connection.js';
import type { PostgresConfig } from '../options/options.js';
import { CHANNEL, WITH_TRIGGER } from './change-triggers.js';

/** How often the listening connection is asked whether it is alive and the triggers are still there, and how long it may take to answer. */
const CHECK_MS = 30_000;
const ANSWER_MS = 10_000;

/** How long to wait before a lost connection is made again: longer after each failure. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

/** Tables by their numbers, and who is told when they change. */
interface Watcher {
  readonly tables: ReadonlyMap<string, string>;
  readonly listener: ChangeListener;
}

/**
 * Hears of changes on a connection of its own, beside the pool, while anybody watches (postgresql.org/docs/current/sql-notify.html). What
 * may have been missed while the connection was lost is reported when it is there again.
 */
export class PostgresChanges {
  readonly #config: PostgresConfig;
  readonly #checkMs: number;
  readonly #watchers = new Set<Watcher>();
  #connection: PostgresConnection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosed = false;
  /** Connecting and ending, one after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(config: PostgresConfig, checkMs: number = CHECK_MS) {
    this.#config = config;
    this.#checkMs = checkMs;
  }

  /**
   * Tells `listener` of changes from now on; resolves with what stops it.
   *
   * @throws ConfigurationError or ConnectionError when the server cannot be reached; ClosedError.
   */
  async watch(
    tables: ReadonlyMap<string, string>,
    listener: ChangeListener,
    { label }: ExecuteOptions,
  ): Promise<() => Promise<void>> {
    const watcher = { tables, listener };
    await this.#inTurn(async () => {
      if (this.#isClosed) throw new ClosedError('The storage is closed.', { operation: label });
      await this.#listen();
      this.#watchers.add(watcher);
    });
    return () =>
      this.#inTurn(() => {
        this.#watchers.delete(watcher);
        return this.#endIfUnused();
      });
  }

  /** Tells nobody any more. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#inTurn(() => {
      this.#watchers.clear();
      return this.#endIfUnused();
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#tail.then(work);
    this.#tail = turn.catch(() => {});
    return turn;
  }

  async #listen(): Promise<void> {
    if (this.#connection !== undefined) return;
    const connection = await connect(this.#config, async () => []);
    try {
      connection.onNotification = (id) => this.#tell(id);
      await connection.run(`listen ${CHANNEL}`, [], within(ANSWER_MS));
    } catch (error) {
      connection.destroy();
      throw error;
    }
    this.#connection = connection;
    this.#failures = 0;
    connection.onLost = () => this.#lost();
    if (connection.isLost) this.#lost();
    else this.#schedule(this.#checkMs, () => this.#check(connection));
  }

  #tell(id: string): void {
    for (const { tables, listener } of this.#watchers) {
      const table = tables.get(id);
      if (table !== undefined) listener.changed([table]);
    }
  }

  #lost(): void {
    this.#connection = undefined;
    if (this.#watchers.size > 0) this.#schedule(this.#nextDelay(), () => this.#listenAgain());
  }

  #nextDelay(): number {
    this.#failures += 1;
    return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#failures - 1));
  }

  async #listenAgain(): Promise<void> {
    if (this.#watchers.size === 0) return;
    try {
      await this.#listen();
      for (const { tables, listener } of this.#watchers) listener.changed([...tables.values()]);
    } catch {
      // The server is away; whoever calls it meanwhile is told why. A watch waits for it.
      this.#lost();
    }
  }

  /** Proves that the connection is alive, and that no table has lost its trigger: one that was dropped and made again has none. */
  async #check(connection: PostgresConnection): Promise<void> {
    if (connection !== this.#connection) return;
    try {
      const { rows } = await connection.run(WITH_TRIGGER, [], within(ANSWER_MS));
      const present = new Set(rows.map((row) => row.text(0)));
      for (const watcher of this.#watchers) this.#failWithout(present, watcher);
      this.#schedule(this.#checkMs, () => this.#check(connection));
    } catch {
      // Its loss is what follows.
      connection.destroy();
    }
  }

  #failWithout(present: ReadonlySet<unknown>, { tables, listener }: Watcher): void {
    const missing = [...tables].find(([id]) => !present.has(id));
    if (missing === undefined) return;
    const message = `The table "${missing[1]}" tells of changes no more: it, or its trigger, was dropped. Watch it again.`;
    listener.failed(new ConnectionError('connection_lost', message));
  }

  #schedule(delayMs: number, work: () => Promise<void>): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#inTurn(work), delayMs);
  }

  async #endIfUnused(): Promise<void> {
    if (this.#watchers.size > 0) return;
    clearTimeout(this.#timer);
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    connection.onLost = undefined;
    await connection.end();
  }
}

function within(ms: number): { readonly deadline: number } {
  return { deadline: performance.now() + ms };
}
