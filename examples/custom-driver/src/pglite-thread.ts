import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { ConnectionError } from '@sluice/core';
import type { Answer, StatementRequest } from './pglite-thread-messages.js';

/**
 * The data with which a thread starts. Creating a database takes two seconds, copying one a third of a second, and compiling the engine
 * half a second.
 */
export interface ThreadData {
  readonly engine: WebAssembly.Module;
  readonly database?: Blob;
}

let template: Promise<ThreadData> | undefined;

/** PGlite on its own thread, so that it does not block the caller's event loop. */
export class PgliteThread {
  readonly #worker: Worker;
  #pending: PromiseWithResolvers<unknown> | undefined;
  #isLost = false;

  constructor(workerData: ThreadData) {
    this.#worker = new Worker(new URL('./pglite-worker.js', import.meta.url), { workerData });
    this.#worker.on('message', (answer: unknown) => this.#pending?.resolve(answer));
    this.#worker.on('error', (cause) => this.#lose(cause));
    this.#worker.on('exit', () => this.#lose());
  }

  static async open(): Promise<PgliteThread> {
    template ??= makeTemplate();
    const thread = new PgliteThread(await template);
    await thread.ask({ sql: 'select 1' });
    return thread;
  }

  /** Sends one request at a time: a statement, or a copy of the whole database. */
  ask(request: StatementRequest): Promise<Answer>;
  ask(request: 'dump'): Promise<Blob>;
  async ask(request: StatementRequest | 'dump'): Promise<unknown> {
    if (this.#isLost) throw lostError();
    this.#pending = Promise.withResolvers();
    this.#worker.postMessage(request);
    return this.#pending.promise;
  }

  async end(): Promise<void> {
    const exit = once(this.#worker, 'exit');
    await this.#worker.terminate();
    if (!this.#isLost) await exit;
  }

  #lose(cause?: unknown): void {
    this.#isLost = true;
    this.#pending?.reject(lostError(cause));
  }
}

async function makeTemplate(): Promise<ThreadData> {
  const file = new URL('pglite.wasm', import.meta.resolve('@electric-sql/pglite'));
  const engine = await WebAssembly.compile(await readFile(file));
  const thread = new PgliteThread({ engine });
  try {
    return { engine, database: await thread.ask('dump') };
  } finally {
    await thread.end();
  }
}

function lostError(cause?: unknown): ConnectionError {
  return new ConnectionError('connection_lost', 'The thread of PGlite has ended.', { cause });
}
