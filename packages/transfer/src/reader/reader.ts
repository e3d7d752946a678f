import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import {
  AbortedError,
  ConfigurationError,
  CorruptError,
  InternalError,
  type SluiceError,
  ValueError,
} from '@sluice/core/errors';
import { isChunk } from '@sluice/postgres-driver/copy';
import {
  CANCELLED,
  REFUSED_VALUE,
  type ReaderFailure,
  type ReaderMessage,
  type ReaderRequest,
  type ReaderTaskName,
  type ReaderTasks,
} from './reader-protocol.js';

/** Callbacks of a running task. */
export interface ReaderEvents {
  /** Receives tuples, one chunk at a time: the next call waits until the promise of this one resolves. A rejection cancels the reader. */
  readonly onChunk?: (bytes: Buffer) => Promise<void>;
  readonly onProgress?: ((rows: number) => void) | undefined;
}

interface Pending {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly events: ReaderEvents;
  chunks: Promise<void>;
}

/** A worker thread that reads one SQLite file over a read-only connection. It runs one task at a time. */
export class Reader {
  readonly #worker: Worker;
  readonly #recycled: MessagePort;
  readonly #signals = new Int32Array(new SharedArrayBuffer(8));
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#recycled = port1;
    this.#worker = new Worker(new URL('./reader-thread.js', import.meta.url), {
      name: 'sluice transfer reader',
      workerData: { signals: this.#signals, recycled: port2 },
      transferList: [port2],
      // Rows become garbage at once: a larger young generation would only hold more garbage.
      resourceLimits: { maxYoungGenerationSizeMb: 16 },
    });
    this.#worker.on('message', (message: ReaderMessage) => this.#receive(message));
    this.#worker.on('error', (error) => this.#failAll(error));
    this.#worker.on('exit', () => this.#failAll(new InternalError('A reader ended.')));
    port1.unref();
  }

  /** Runs a task. Rejects with a SluiceError. */
  run<Task extends ReaderTaskName>(
    task: Task,
    input: ReaderTasks[Task]['input'],
    events: ReaderEvents = {},
  ): Promise<ReaderTasks[Task]['output']> {
    this.#lastId += 1;
    const request: ReaderRequest = { id: this.#lastId, task, input };
    return new Promise((resolve, reject) => {
      // The protocol pairs each task with its output.
      const settle = resolve as (output: unknown) => void;
      this.#pending.set(request.id, { resolve: settle, reject, events, chunks: Promise.resolve() });
      this.#worker.postMessage(request);
    });
  }

  /** Cancels the running task within a few thousand rows, and every later one. */
  cancel(): void {
    Atomics.store(this.#signals, 1, 1);
    Atomics.add(this.#signals, 0, 1);
    Atomics.notify(this.#signals, 0);
  }

  async close(): Promise<void> {
    this.cancel();
    await this.#worker.terminate();
    this.#recycled.close();
  }

  #receive(message: ReaderMessage): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    switch (message.kind) {
      case 'progress':
        pending.events.onProgress?.(message.rows);
        break;
      case 'chunk':
        pending.chunks = pending.chunks
          .then(() => passOn(pending, message.buffer, message.length))
          .finally(() => this.#recycle(message.buffer));
        // The task rejects with this failure when its result arrives. Until then its rows would be dropped.
        pending.chunks.catch(() => this.cancel());
        break;
      case 'result':
        this.#pending.delete(message.id);
        pending.chunks.then(() => pending.resolve(message.output), pending.reject);
        break;
      case 'error':
        this.#pending.delete(message.id);
        pending.chunks.then(() => pending.reject(toError(message.error)), pending.reject);
        break;
    }
  }

  #recycle(buffer: ArrayBuffer): void {
    if (isChunk(buffer)) this.#recycled.postMessage(buffer, [buffer]);
    else this.#recycled.postMessage(null);
    Atomics.add(this.#signals, 0, 1);
    Atomics.notify(this.#signals, 0);
  }

  #failAll(error: unknown): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

async function passOn({ events }: Pending, buffer: ArrayBuffer, length: number): Promise<void> {
  if (length > 0) await events.onChunk?.(Buffer.from(buffer, 0, length));
}

function toError({ code = '', message }: ReaderFailure): SluiceError {
  const cause = Object.assign(new Error(message), { code });
  if (code === REFUSED_VALUE) return new ValueError(message, { cause });
  if (code === CANCELLED) return new AbortedError('The work was stopped.', { cause });
  if (code === 'SQLITE_NOTADB')
    return new CorruptError('not_a_database', 'The source is no SQLite database.', { cause });
  if (code.startsWith('SQLITE_CORRUPT')) {
    return new CorruptError(
      'corrupt',
      `The source is damaged: ${message}. Run "sluice audit" to see where.`,
      { cause },
    );
  }
  if (code.startsWith('SQLITE_')) {
    return new ConfigurationError('path_unusable', `The source cannot be read: ${message} (${code}).`, {
      cause,
    });
  }
  return new InternalError(`A reader failed: ${message}`, { cause });
}
