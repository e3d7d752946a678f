import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '@sluice/core';
import { type CatalogueStorage, tablesOf } from '../catalogue-storage.js';
import { KnownFiles } from './known-files.js';
import { type LatencyFigures, OperationLatency } from './operation-latency.js';
import { type Caller, OPERATIONS, type OperationKind } from './operations.js';

/** The results of the callers. */
export interface ForegroundFigures {
  readonly callers: number;
  readonly operations: Readonly<Record<OperationKind, LatencyFigures>>;
  /** The number of committed views. It must equal the sum of the files' view counts. */
  readonly views: number;
  /** The number of errors that reached a caller, by code. None are expected. */
  readonly errors: Readonly<Record<string, number>>;
}

/** The average pause of a caller between two operations, in milliseconds. */
const PAUSE_MS = 25;

const KINDS = Object.keys(OPERATIONS) as OperationKind[];

/** Concurrent callers that read, page, search and update the catalogue during the load. Each runs one operation at a time. */
export class ForegroundCallers implements AsyncDisposable {
  readonly #count: number;
  readonly #latencies = Object.fromEntries(KINDS.map((kind) => [kind, new OperationLatency()])) as Record<
    OperationKind,
    OperationLatency
  >;
  readonly #errors: Record<string, number> = {};
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  #views = 0;

  /** Starts `count` callers. */
  constructor(storage: CatalogueStorage, count: number) {
    this.#count = count;
    const shared = {
      storage,
      tables: tablesOf(storage),
      known: new KnownFiles(),
      onView: () => {
        this.#views += 1;
      },
    };
    this.#running = Promise.all(
      Array.from({ length: count }, () => this.#work({ ...shared, cursor: undefined })),
    );
  }

  /** Waits until every caller has finished its operation, and returns their results. */
  async stop(): Promise<ForegroundFigures> {
    this.#stop.abort();
    await this.#running;
    const figures = KINDS.map((kind) => [kind, this.#latencies[kind].figures()] as const);
    return {
      callers: this.#count,
      operations: Object.fromEntries(figures) as Record<OperationKind, LatencyFigures>,
      views: this.#views,
      errors: this.#errors,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #work(caller: Caller): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await sleep(Math.random() * 2 * PAUSE_MS);
      // A user can only click on files that were shown before, so the first operation shows a page.
      const kind = caller.known.pick() === undefined ? 'page' : chooseKind();
      const since = performance.now();
      try {
        await OPERATIONS[kind].run(caller);
        this.#latencies[kind].record(performance.now() - since);
      } catch (error) {
        const code = error instanceof SluiceError ? error.code : 'unexpected';
        this.#errors[code] = (this.#errors[code] ?? 0) + 1;
      }
    }
  }
}

function chooseKind(): OperationKind {
  let left = Math.random() * 100;
  for (const kind of KINDS) {
    left -= OPERATIONS[kind].share;
    if (left < 0) return kind;
  }
  return 'get';
}
