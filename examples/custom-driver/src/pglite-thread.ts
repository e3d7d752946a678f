import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ConnectionError, InternalError } from '@sluice/core';
import { toSluiceError } from './pglite-errors.js';

/** What PostgreSQL takes as a parameter: text, bytes or null. */
export type Bound = string | Uint8Array | null;

/** A statement, or without `sql` the next rows of a portal. */
export interface StatementRequest {
  readonly sql?: string;
  readonly parameters?: readonly Bound[];
  /** Where a statement is read from in batches of so many `rows`, until the transaction ends. */
  readonly portal?: { readonly name: string; readonly rows: number };
}

/** What the thread is asked for: a statement, or a copy of the whole database. */
export type Request = StatementRequest | 'dump';

/** A column of a result. A computed one belongs to no table: `tableID` is 0. */
export interface Field {
  readonly name: string;
  readonly dataTypeID: number;
  readonly tableID: number;
}

/** A result as PostgreSQL sends it, values as text. */
export interface RawResult {
  readonly kind: 'result';
  readonly fields: readonly Field[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** Such as `INSERT 0 1`. */
  readonly command: string;
  /** `I` outside of a transaction, `T` inside one, `E` inside one that failed. */
  readonly status: string;
}

/** PostgreSQL's error, as the thread sends it. */
export type Refusal = { readonly kind: 'refusal'; readonly code: string; readonly message: string } & {
  readonly [K in 'column' | 'constraint' | 'table']: string | undefined;
};

/** What the thread answers. */
export type Answer = RawResult | Refusal | { readonly kind: 'dump'; readonly blob: Blob };

type Pending = PromiseWithResolvers<Answer>;

/** A new database takes two seconds to make and a third of one to copy. */
let template: Promise<Blob> | undefined;

/** PGlite on a thread of its own, so that the caller's event loop goes on. It answers in the order it is asked. */
export class PgliteThread {
  readonly #worker: Worker;
  readonly #pending: Pending[] = [];
  #isLost = false;

  constructor(from?: Blob) {
    this.#worker = new Worker(new URL('./pglite-worker.js', import.meta.url), { workerData: from });
    this.#worker.on('message', (answer: Answer) => this.#pending.shift()?.resolve(answer));
    this.#worker.on('error', (cause) => this.#lose(cause));
    this.#worker.on('exit', () => this.#lose());
  }

  static async open(): Promise<PgliteThread> {
    template ??= makeTemplate();
    const thread = new PgliteThread(await template);
    await thread.run({ sql: 'select 1' });
    return thread;
  }

  /** Runs one statement. @throws what PostgreSQL refused it with, as an error of the contract. */
  async run(request: StatementRequest): Promise<RawResult> {
    const answer = await this.ask(request);
    if (answer.kind === 'result') return answer;
    if (answer.kind === 'refusal') throw toSluiceError(answer);
    throw new InternalError('PGlite gave another answer than was asked for.');
  }

  async ask(request: Request): Promise<Answer> {
    if (this.#isLost) throw new ConnectionError('connection_lost', 'The thread of PGlite has ended.');
    const pending: Pending = Promise.withResolvers();
    this.#pending.push(pending);
    this.#worker.postMessage(request);
    return pending.promise;
  }

  async end(): Promise<void> {
    const exit = once(this.#worker, 'exit');
    await this.#worker.terminate();
    if (!this.#isLost) await exit;
  }

  #lose(cause?: unknown): void {
    this.#isLost = true;
    const error = new ConnectionError('connection_lost', 'The thread of PGlite has ended.', { cause });
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }
}

async function makeTemplate(): Promise<Blob> {
  const thread = new PgliteThread();
  try {
    const answer = await thread.ask('dump');
    if (answer.kind === 'dump') return answer.blob;
    throw new InternalError('PGlite gave another answer than was asked for.');
  } finally {
    await thread.end();
  }
}
