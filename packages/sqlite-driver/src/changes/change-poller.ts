import type { SluiceError } from '@sluice/core';
import type { Failure } from '../errors/failure.js';
import type { OpenedThread } from '../thread/open-thread.js';
import { unpackRows } from '../thread/pack-rows.js';
import type { SqliteThread } from '../thread/sqlite-thread.js';
import { memberOutcome } from '../thread/thread-protocol.js';

/** Shortest time between two polls. Commits of this process within it are reported together. */
const SHORTEST_GAP_MS = 5;

/** On one connection, the value changes after every commit of another connection (sqlite.org/pragma.html#pragma_data_version). */
const DATA_VERSION = { sql: 'pragma data_version', parameters: [] };

/** Receives the commits to the file. */
export interface CommitListener {
  changed(): void;
  failed(error: SluiceError): void;
}

/**
 * Polls for commits to the file by any process. It has a reader thread of its own, which starts with the first listener and ends with the last.
 * Its connection holds no snapshot between two polls.
 */
export class ChangePoller {
  readonly #openReader: () => Promise<OpenedThread>;
  readonly #intervalMs: number;
  readonly #toError: (failure: Failure) => Error;
  readonly #listeners = new Set<CommitListener>();
  #thread: SqliteThread | undefined;
  /** How many threads were started so far. */
  #threads = 0;
  #version: string | undefined;
  #polledAt = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The end of the serial queue of polls, additions and removals. */
  #tail: Promise<unknown> = Promise.resolve();

  /** @param openReader Starts a reader thread and opens its connection. */
  constructor(
    openReader: () => Promise<OpenedThread>,
    intervalMs: number,
    toError: (failure: Failure) => Error,
  ) {
    this.#openReader = openReader;
    this.#intervalMs = intervalMs;
    this.#toError = toError;
  }

  /**
   * Reports every commit from now on to `listener`. Resolves with a function that stops it.
   *
   * @throws the errors of opening the file.
   */
  async watch(listener: CommitListener): Promise<() => Promise<void>> {
    await this.#enqueue(async () => {
      try {
        await this.#poll();
        this.#listeners.add(listener);
        this.#schedule(this.#intervalMs);
      } finally {
        await this.#endIfUnused();
      }
    });
    return () =>
      this.#enqueue(() => {
        this.#listeners.delete(listener);
        return this.#endIfUnused();
      });
  }

  /** Polls now, or {@link SHORTEST_GAP_MS} after the last poll: this process has committed. */
  pollSoon(): void {
    if (this.#listeners.size > 0)
      this.#schedule(Math.max(0, this.#polledAt + SHORTEST_GAP_MS - performance.now()));
  }

  /** Removes all listeners and ends the thread. */
  close(): Promise<void> {
    return this.#enqueue(() => {
      this.#listeners.clear();
      return this.#endIfUnused();
    });
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => {});
    return done;
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#enqueue(() => this.#pollAgain()), delayMs);
  }

  async #pollAgain(): Promise<void> {
    if (this.#listeners.size === 0) return;
    try {
      await this.#poll();
      this.#schedule(this.#intervalMs);
    } catch (error) {
      const listeners = [...this.#listeners];
      this.#listeners.clear();
      for (const listener of listeners) listener.failed(error as SluiceError);
      await this.#endIfUnused();
    }
  }

  async #poll(): Promise<void> {
    this.#polledAt = performance.now();
    const version = await this.#readVersion();
    const isNew = version !== this.#version;
    this.#version = version;
    if (isNew) for (const listener of this.#listeners) listener.changed();
  }

  /** Reads the version. Values of different connections cannot be compared, so a new thread counts as a change, and so does a lost one. */
  async #readVersion(): Promise<string> {
    const thread = await this.#ready();
    const result = await thread.call({ op: 'read', statement: DATA_VERSION, batchSize: 1, probe: false });
    if (result.kind === 'lost') return `${this.#threads} lost`;
    const outcome = memberOutcome(result.reply, 0);
    if (outcome.kind === 'failure') throw this.#toError(outcome.failure);
    const [row] = outcome.kind === 'result' && outcome.last !== undefined ? unpackRows(outcome.last) : [];
    return `${this.#threads} ${row?.[0]}`;
  }

  async #ready(): Promise<SqliteThread> {
    if (this.#thread?.isAlive) return this.#thread;
    const opened = await this.#openReader();
    if (opened.kind === 'failure') throw this.#toError(opened.failure);
    this.#thread = opened.thread;
    this.#threads += 1;
    return opened.thread;
  }

  async #endIfUnused(): Promise<void> {
    if (this.#listeners.size > 0) return;
    clearTimeout(this.#timer);
    const thread = this.#thread;
    this.#thread = undefined;
    this.#version = undefined;
    await thread?.close();
  }
}
