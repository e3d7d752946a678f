import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { SpareThreads } from './spare-threads.js';
import type { ConnectionOptions } from './thread-protocol.js';
import { WorkerLink } from './worker-link.js';

/** How many threads of each kind there are, unless all are held for longer than {@link PATIENCE_MS}. */
const MOST: number = Math.max(2, Math.min(8, availableParallelism()));

/** How long the first that waits does so before there is one thread more: those that hold the others may wait for it. */
const PATIENCE_MS = 1000;

/** How often it is looked for a thread that is idle by now, while there are callers that wait for one. */
const LOOK_MS = 2;

/** How long a thread that serves no file stays. */
const IDLE_MS = 2000;

/** A part of a database that has threads, and may have idle ones. */
export interface ThreadHolder {
  /** When the thread that has been idle for longest was last used; `undefined` when none is idle. In milliseconds of `performance.now()`. */
  readonly idleSince: number | undefined;
  /** Closes that thread. False when it is needed. */
  giveUp(): Promise<boolean>;
}

/** A caller that waits for a thread. */
interface Waiting {
  readonly holder: ThreadHolder | undefined;
  readonly take: (link: WorkerLink) => void;
  /** Called when no thread can be started. */
  readonly fail: (error: unknown) => void;
}

/**
 * A few threads for many files. Each serves one file at a time, and goes to another when that needs one and none is free: first the one that has been idle for
 * longest.
 */
export class SharedThreads {
  static readonly #all = new Map<string, SharedThreads>();

  /** Those of this process that run the module `entry`. */
  static of(entry: URL, role: ConnectionOptions['role']): SharedThreads {
    const known = SharedThreads.#all.get(entry.href);
    if (known !== undefined) return known;
    const threads = new SharedThreads(entry, role);
    SharedThreads.#all.set(entry.href, threads);
    return threads;
  }

  readonly #entry: URL;
  readonly #role: ConnectionOptions['role'];
  readonly #held = new Map<WorkerLink, ThreadHolder | undefined>();
  readonly #waiting: Waiting[] = [];
  /** Those that serve no file. */
  readonly #free = new SpareThreads(Number.POSITIVE_INFINITY);
  #count = 0;
  #isServing = false;

  private constructor(entry: URL, role: ConnectionOptions['role']) {
    this.#entry = entry;
    this.#role = role;
  }

  /** A thread that serves no file. Give it back with {@link SharedThreads.giveBack}, unless it has ended. @throws Error when none can be started. */
  take(holder: ThreadHolder | undefined): Promise<WorkerLink> {
    return new Promise((take, fail) => {
      this.#waiting.push({ holder, take, fail });
      if (!this.#isServing) void this.#serve();
    });
  }

  giveBack(link: WorkerLink): void {
    this.#held.delete(link);
    this.#free.keep(link, IDLE_MS);
  }

  /** Gives threads to those that wait, first come, first served. */
  async #serve(): Promise<void> {
    this.#isServing = true;
    let since = performance.now();
    while (this.#waiting.length > 0) {
      const isPatient = performance.now() - since < PATIENCE_MS;
      const link = this.#free.take() ?? (this.#count < MOST || !isPatient ? this.#tryStart() : undefined);
      if (link === undefined) {
        if (!(await this.#reclaim())) await delay(LOOK_MS);
        continue;
      }
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#held.set(link, next.holder);
      next.take(link);
      since = performance.now();
    }
    this.#isServing = false;
  }

  /** `undefined` when none can be started: the first that waits then waits for one of the others, and fails when there is none. */
  #tryStart(): WorkerLink | undefined {
    try {
      return this.#start();
    } catch (error) {
      if (this.#count === 0) this.#waiting.shift()?.fail(error);
      return undefined;
    }
  }

  #start(): WorkerLink {
    const link = new WorkerLink(this.#entry, this.#role);
    this.#count += 1;
    link.worker.once('exit', () => {
      this.#count -= 1;
      this.#held.delete(link);
    });
    return link;
  }

  /** Takes a thread from the file that has not used it for longest. */
  async #reclaim(): Promise<boolean> {
    const idle = [...new Set(this.#held.values())].filter((holder) => holder?.idleSince !== undefined);
    idle.sort((a, b) => (a?.idleSince ?? 0) - (b?.idleSince ?? 0));
    for (const holder of idle) if (await holder?.giveUp()) return true;
    return false;
  }
}
