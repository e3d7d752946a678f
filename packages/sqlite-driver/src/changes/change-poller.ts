import type { SluiceError } from '@sluice/core';
import type { Failure } from '../errors/failure.js';
import type { OpenedThread } from '../thread/open-thread.js';
import { unpackRows } from '../thread/pack-rows.js';
import type { SqliteThread } from '../thread/sqlite-thread.js';
import { memberOutcome } from '../thread/watched-call.js';

/** Commits of this process that come closer together are found in one look. */
const SHORTEST_GAP_MS = 5;

/** Asked of one connection, its value differs after every commit of another one (sqlite.org/pragma.html#pragma_data_version). */
const LOOK = { sql: 'pragma data_version', parameters: [] };

/** Who is told that something was committed to the file. */
export interface CommitListener {
  changed(): void;
  failed(error: SluiceError): void;
}

/**
 * Finds out that something was committed to the file, by whatever process. It has a reader thread of its own, started for the first listener
 * and ended with the last, whose connection holds no snapshot between two looks.
 */
export class ChangePoller {
  readonly #openReader: () => Promise<OpenedThread>;
  readonly #intervalMs: number;
  readonly #toError: (failure: Failure) => Error;
  readonly #listeners = new Set<CommitListener>();
  #thread: SqliteThread | undefined;
  /** How many were started so far. */
  #threads = 0;
  #version: string | undefined;
  #lookedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The last look, or end, of a chain in which one comes after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  /** @param openReader starts a reader thread and opens its connection. */
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
   * Tells `listener` of every commit from now on; resolves with what stops it.
   *
   * @throws what opening the file throws.
   */
  async watch(listener: CommitListener): Promise<() => Promise<void>> {
    await this.#inTurn(async () => {
      try {
        await this.#look();
        this.#listeners.add(listener);
        this.#schedule(this.#intervalMs);
      } finally {
        await this.#endIfUnused();
      }
    });
    return () =>
      this.#inTurn(() => {
        this.#listeners.delete(listener);
        return this.#endIfUnused();
      });
  }

  /** Looks at once, or as soon as the last look is not quite so fresh: this process has committed something. */
  lookSoon(): void {
    if (this.#listeners.size > 0)
      this.#schedule(Math.max(0, this.#lookedAt + SHORTEST_GAP_MS - performance.now()));
  }

  /** Tells nobody any more. */
  close(): Promise<void> {
    return this.#inTurn(() => {
      this.#listeners.clear();
      return this.#endIfUnused();
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#tail.then(work);
    this.#tail = turn.catch(() => {});
    return turn;
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#inTurn(() => this.#lookAgain()), delayMs);
  }

  async #lookAgain(): Promise<void> {
    if (this.#listeners.size === 0) return;
    try {
      await this.#look();
      this.#schedule(this.#intervalMs);
    } catch (error) {
      const listeners = [...this.#listeners];
      this.#listeners.clear();
      for (const listener of listeners) listener.failed(error as SluiceError);
      await this.#endIfUnused();
    }
  }

  async #look(): Promise<void> {
    this.#lookedAt = performance.now();
    const version = await this.#readVersion();
    const isNew = version !== this.#version;
    this.#version = version;
    if (isNew) for (const listener of this.#listeners) listener.changed();
  }

  /** Numbers of different connections say nothing about each other: one of a new thread counts as new, and so does a lost thread. */
  async #readVersion(): Promise<string> {
    const thread = await this.#ready();
    const result = await thread.call({ op: 'read', statement: LOOK, batchSize: 1, probe: false });
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
