import { Worker } from 'node:worker_threads';
import type { FileContent } from './hash-file.js';

/** The content of a file, or `undefined` if it could not be read. */
export type HashOutcome = FileContent | undefined;

interface Waiting {
  readonly resolve: (outcomes: HashOutcome[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Hashes files in its own thread, so that the event loop never waits for a disk or a hash. */
export class Hasher implements AsyncDisposable {
  readonly #worker = new Worker(new URL('./hash-worker.js', import.meta.url));
  /** The pending requests. Answers arrive in the order of the requests. */
  readonly #waiting: Waiting[] = [];

  constructor() {
    this.#worker.on('message', (outcomes: HashOutcome[]) => this.#waiting.shift()?.resolve(outcomes));
    this.#worker.on('error', (error) => this.#rejectAll(error));
    this.#worker.on('exit', () => this.#rejectAll(new Error('The hashing thread has ended.')));
  }

  /** Returns the contents of files, in the order of their paths. */
  hash(paths: readonly string[]): Promise<HashOutcome[]> {
    if (paths.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(paths);
    });
  }

  /** Ends the thread at once. Pending requests are rejected. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #rejectAll(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
