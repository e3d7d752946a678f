import { isSea } from 'node:sea';
import type { WaitOptions } from '@sluice/core';
import type { Failure } from '../errors/failure.js';
import type { SqliteProcess } from './sqlite-process.js';
import type { LeaseFailure } from './thread-lease.js';
import type { ConnectionOptions } from './thread-protocol.js';
import { Watch } from './watch.js';

/** How long a process may be idle before it is ended. */
const IDLE_MS = 10_000;

/** How long no process is started after one could not be. */
const PAUSE_MS = 10_000;

/** The processes of one kind, which start when they are needed and end when they are idle. Their number is limited by whoever takes them. */
export class ProcessPool {
  readonly #entry: URL;
  readonly #options: ConnectionOptions;
  readonly #idle = new Map<SqliteProcess, NodeJS.Timeout>();
  readonly #all = new Set<SqliteProcess>();
  readonly #waiting = new Set<(answer: SqliteProcess | LeaseFailure) => void>();
  #starting = 0;
  #failed: { readonly failure: Failure; readonly until: number } | undefined;
  #killed = 0;
  #isClosed = false;

  /** @param entry The module that the thread of each process runs. */
  constructor(entry: URL, options: ConnectionOptions) {
    this.#entry = entry;
    this.#options = options;
  }

  /** How many processes there are. */
  get size(): number {
    return this.#all.size;
  }

  /** How many were killed because a statement did not end. */
  get killed(): number {
    return this.#killed;
  }

  /**
   * Takes an idle process, or the next that is given back or has started.
   *
   * @returns the failure when none can be started.
   * @throws TimeoutError or AbortedError when the wait ends first.
   */
  async take(wait: WaitOptions): Promise<SqliteProcess | LeaseFailure> {
    for (const [process, timer] of this.#idle) {
      this.#idle.delete(process);
      clearTimeout(timer);
      if (process.isAlive) return process;
    }
    const { promise, resolve, reject } = Promise.withResolvers<SqliteProcess | LeaseFailure>();
    this.#waiting.add(resolve);
    const watch = new Watch([wait], (_, createError) => {
      if (this.#waiting.delete(resolve)) reject(createError());
    });
    if (this.#starting < this.#waiting.size) void this.#start();
    return promise.finally(() => watch.stop());
  }

  /** Gives a process back that no longer works. */
  giveBack(process: SqliteProcess): void {
    if (this.#isClosed) void process.kill();
    if (!process.isAlive || this.#isClosed) return;
    if (this.#waiting.size > 0) this.#answer(process);
    else this.#keep(process);
  }

  #keep(process: SqliteProcess): void {
    const timer = setTimeout(() => {
      this.#idle.delete(process);
      void process.kill();
    }, IDLE_MS);
    this.#idle.set(process, timer.unref());
  }

  /** Ends all processes. An open transaction is undone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
    await Promise.all([...this.#all].map((process) => process.kill()));
  }

  async #start(): Promise<void> {
    this.#starting += 1;
    const started = await this.#tryStart();
    this.#starting -= 1;
    if ('failure' in started) {
      this.#answer(started);
    } else {
      this.#all.add(started);
      void started.ended.then(() => this.#noteEnd(started));
      this.giveBack(started);
    }
  }

  /** Answers the caller that has waited longest. */
  #answer(answer: SqliteProcess | LeaseFailure): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next(answer);
  }

  #noteEnd(process: SqliteProcess): void {
    this.#all.delete(process);
    if (!process.wasKilled) return;
    this.#killed += 1;
    // The next statement will probably need another one soon.
    if (!this.#isClosed && this.#idle.size + this.#starting === 0) void this.#start();
  }

  async #tryStart(): Promise<SqliteProcess | LeaseFailure> {
    if (this.#failed !== undefined && performance.now() < this.#failed.until) return this.#failed;
    const started = await start(this.#entry, this.#options);
    if (!('phase' in started)) return started;
    this.#failed = { failure: started, until: performance.now() + PAUSE_MS };
    return this.#failed;
  }
}

/** Loads the code that starts processes only when one is needed. */
async function start(entry: URL, options: ConnectionOptions): Promise<SqliteProcess | Failure> {
  if (isSea()) return NO_NODE;
  const { SqliteProcess } = await import('./sqlite-process.js');
  return SqliteProcess.start(entry, options);
}

/** A single executable application would start itself again. */
const NO_NODE: Failure = {
  code: undefined,
  name: 'Error',
  message: 'A single executable application contains no Node to run the connection in.',
  phase: 'run',
};
