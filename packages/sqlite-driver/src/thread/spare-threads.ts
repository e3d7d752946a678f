import type { WorkerLink } from './worker-link.js';

/** How many are kept of each kind, unless told. */
const MOST = 4;

/**
 * Threads whose file was closed, kept for the files that are opened next: starting a thread takes fifty times as long as opening a file, which matters to an
 * application that opens one for each request. They do not keep the process alive.
 */
export class SpareThreads {
  static readonly #all = new Map<string, SpareThreads>();

  /** Those of this process that run the module `entry`. */
  static of(entry: URL): SpareThreads {
    const known = SpareThreads.#all.get(entry.href);
    if (known !== undefined) return known;
    const threads = new SpareThreads();
    SpareThreads.#all.set(entry.href, threads);
    return threads;
  }

  readonly #most: number;
  /** The last of them was kept last. */
  readonly #spare: { readonly link: WorkerLink; readonly timer: NodeJS.Timeout }[] = [];

  constructor(most: number = MOST) {
    this.#most = most;
  }

  /** `undefined` when there is none. */
  take(): WorkerLink | undefined {
    for (let spare = this.#spare.pop(); spare !== undefined; spare = this.#spare.pop()) {
      clearTimeout(spare.timer);
      if (!spare.link.hasEnded) return spare.link;
    }
    return undefined;
  }

  /** Keeps a thread for so many milliseconds, or ends it when there are enough. */
  keep(link: WorkerLink, ms: number): void {
    if (link.hasEnded) return;
    if (this.#spare.length >= this.#most) {
      void link.worker.terminate();
      return;
    }
    const timer = setTimeout(() => this.#end(link), ms).unref();
    this.#spare.push({ link, timer });
  }

  #end(link: WorkerLink): void {
    const index = this.#spare.findIndex((spare) => spare.link === link);
    if (index < 0) return;
    this.#spare.splice(index, 1);
    void link.worker.terminate();
  }
}
