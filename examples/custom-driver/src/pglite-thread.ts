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

/** How many databases a thread serves, one after the other. Each leaves some garbage in the system's tables, which nothing vacuums. */
const MOST_DATABASES = 25;

/** Empties a database. What else it could hold belongs to the cluster, such as roles, which this driver's users have no use for. */
const EMPTYING = [
  `do $$ declare name text; begin
    for name in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop
      execute format('drop schema %I cascade', name);
    end loop;
    perform lo_unlink(oid) from pg_largeobject_metadata;
    create schema public;
  end $$`,
  'discard all',
];

/** An empty database, whose thread waits for the next caller. */
let spare: PgliteThread | undefined;

/** PGlite on its own thread, so that it does not block the caller's event loop. */
export class PgliteThread {
  readonly #worker: Worker;
  #pending: PromiseWithResolvers<unknown> | undefined;
  #isLost = false;
  #databases = 1;

  constructor(workerData: ThreadData) {
    this.#worker = new Worker(new URL('./pglite-worker.js', import.meta.url), { workerData });
    this.#worker.on('message', (answer: unknown) => this.#pending?.resolve(answer));
    this.#worker.on('error', (cause) => this.#lose(cause));
    this.#worker.on('exit', () => this.#lose());
  }

  /** An empty database. */
  static async open(): Promise<PgliteThread> {
    const emptied = spare;
    spare = undefined;
    if (emptied !== undefined) return emptied.#serveAgain();
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

  /** Ends the database. Its thread is kept for the next one, because to empty it takes a tenth of the time that a new copy takes. */
  async close(): Promise<void> {
    const isKept = spare === undefined && this.#databases < MOST_DATABASES && (await this.#isEmptied());
    if (!isKept || spare !== undefined) return this.end();
    spare = this;
    this.#worker.unref();
  }

  async #isEmptied(): Promise<boolean> {
    if (this.#isLost) return false;
    await this.ask({ sql: 'rollback' });
    for (const sql of EMPTYING) if ((await this.ask({ sql })).kind === 'refusal') return false;
    return true;
  }

  #serveAgain(): this {
    this.#databases += 1;
    this.#worker.ref();
    return this;
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
