import { Worker } from 'node:worker_threads';
import type { FileContent } from './hash-file.js';

/** A file's content, or `undefined` when it could not be read. */
export type HashOutcome = FileContent | undefined;

interface Waiting {
  readonly resolve: (outcomes: HashOutcome[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Hashes files in a thread of its own, so that the event loop never waits for a disk or a digest. */
export class Hasher implements AsyncDisposable {
  readonly #worker = new Worker(new URL('./hash-worker.js', import.meta.url));
  /** Those who wait for answers, which come in the order of the questions. */
  readonly #waiting: Waiting[] = [];

  constructor() {
    this.#worker.on('message', (outcomes: HashOutcome[]) => this.#waiting.shift()?.resolve(outcomes));
    this.#worker.on('error', (error) => this.#rejectAll(error));
    this.#worker.on('exit', () => this.#rejectAll(new Error('The hashing thread has ended.')));
  }

  /** The contents of files, in the order of their paths. */
  hash(paths: readonly string[]): Promise<HashOutcome[]> {
    if (paths.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(paths);
    });
  }

  /** Ends the thread at once; hashes that are still awaited are rejected. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #rejectAll(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
