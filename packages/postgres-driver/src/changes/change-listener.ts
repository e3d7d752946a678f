import { type ChangeListener, ClosedError, ConnectionError, type ExecuteOptions } from '@sluice/core';
import { connectToAny } from '../connection/connect-to-any.js';
import type { PostgresConnection } from '../connection/connection.js';
import type { PostgresConfig } from '../options/options.js';
import { CHANNEL, WITH_TRIGGER } from './change-triggers.js';

/** How often the listening connection and the triggers are checked, and how long the answer may take, in milliseconds. */
const CHECK_MS = 10_000;
const ANSWER_MS = 5_000;

/** The delay before a lost connection is opened again, in milliseconds: it doubles with each failure, up to the maximum. */
const MIN_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;

/** The watched tables' names by their oids, and the listener for their changes. */
interface Watcher {
  readonly tables: ReadonlyMap<string, string>;
  readonly listener: ChangeListener;
}

/**
 * Listens for notifications of changes on a connection outside of the pool, which is open while there are watchers
 * (postgresql.org/docs/current/sql-notify.html). After the connection was lost and opened again, every watched table is reported as changed, because
 * notifications may have been missed.
 */
export class PostgresChanges {
  readonly #config: PostgresConfig;
  readonly #checkMs: number;
  readonly #answerMs: number;
  readonly #watchers = new Set<Watcher>();
  #connection: PostgresConnection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosed = false;
  /** The last task of the serial queue in which connections are opened, checked and ended. */
  #lastTask: Promise<unknown> = Promise.resolve();

  constructor(config: PostgresConfig, checkMs: number = CHECK_MS, answerMs: number = ANSWER_MS) {
    this.#config = config;
    this.#checkMs = checkMs;
    this.#answerMs = answerMs;
  }

  /**
   * Reports changes to `listener` from now on. Resolves with a function that stops it.
   *
   * @throws ConfigurationError or ConnectionError when the server cannot be reached; ClosedError.
   */
  async watch(
    tables: ReadonlyMap<string, string>,
    listener: ChangeListener,
    { label }: ExecuteOptions,
  ): Promise<() => Promise<void>> {
    const watcher = { tables, listener };
    await this.#enqueue(async () => {
      if (this.#isClosed) throw new ClosedError('The storage is closed.', { operation: label });
      await this.#listen();
      this.#watchers.add(watcher);
    });
    return () =>
      this.#enqueue(() => {
        this.#watchers.delete(watcher);
        return this.#endIfUnused();
      });
  }

  /** Stops every watch and ends the connection. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#enqueue(() => {
      this.#watchers.clear();
      return this.#endIfUnused();
    });
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const task = this.#lastTask.then(work);
    this.#lastTask = task.catch(() => {});
    return task;
  }

  async #listen(): Promise<void> {
    if (this.#connection !== undefined) return;
    const connection = await connectToAny(this.#config, async () => ({}));
    try {
      connection.onNotification = (id) => this.#notify(id);
      await connection.run(`listen ${CHANNEL}`, [], within(this.#answerMs));
    } catch (error) {
      connection.destroy();
      throw error;
    }
    this.#connection = connection;
    this.#failures = 0;
    connection.onLost = () => this.#reconnectLater();
    if (connection.isLost) this.#reconnectLater();
    else this.#schedule(this.#checkMs, () => this.#check(connection));
  }

  #notify(id: string): void {
    for (const { tables, listener } of this.#watchers) {
      const table = tables.get(id);
      if (table !== undefined) listener.changed([table]);
    }
  }

  #reconnectLater(): void {
    this.#connection = undefined;
    if (this.#watchers.size > 0) this.#schedule(this.#nextDelay(), () => this.#reconnect());
  }

  #nextDelay(): number {
    this.#failures += 1;
    return Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** (this.#failures - 1));
  }

  async #reconnect(): Promise<void> {
    if (this.#watchers.size === 0) return;
    try {
      await this.#listen();
      for (const { tables, listener } of this.#watchers) listener.changed([...tables.values()]);
    } catch {
      // The server cannot be reached. Statements fail with the reason meanwhile; a watch waits.
      this.#reconnectLater();
    }
  }

  /** Checks that the connection is alive and that every watched table still has its trigger. A table that was dropped and created again has none. */
  async #check(connection: PostgresConnection): Promise<void> {
    if (connection !== this.#connection) return;
    try {
      const { rows } = await connection.run(WITH_TRIGGER, [], within(this.#answerMs));
      const present = new Set(rows.map((row) => row.text(0)));
      for (const watcher of this.#watchers) this.#reportMissingTrigger(present, watcher);
      this.#schedule(this.#checkMs, () => this.#check(connection));
    } catch {
      // The listener for the lost connection then opens a new one.
      connection.destroy();
    }
  }

  #reportMissingTrigger(present: ReadonlySet<unknown>, { tables, listener }: Watcher): void {
    const missing = [...tables].find(([id]) => !present.has(id));
    if (missing === undefined) return;
    const message = `The table "${missing[1]}" tells of changes no more: it, or its trigger, was dropped. Watch it again.`;
    listener.failed(new ConnectionError('connection_lost', message));
  }

  #schedule(delayMs: number, work: () => Promise<void>): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#enqueue(work), delayMs);
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

function within(ms: number): { readonly deadline: number; readonly onInterrupt: 'destroy' } {
  return { deadline: performance.now() + ms, onInterrupt: 'destroy' };
}
