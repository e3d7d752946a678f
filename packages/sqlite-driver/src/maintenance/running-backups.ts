import type { BackupOptions, SluiceError } from '@sluice/core';
import type { InFlightCounter } from '../thread/in-flight-counter.js';
import type { OpenSnapshots } from '../wal/open-snapshots.js';
import type { BackupTask } from './back-up.js';
import { runTask, type TaskOptions } from './run-task.js';

/** The backups of an open database. Each keeps a snapshot, and closing waits for it like for a stream. */
export class RunningBackups {
  readonly #inFlight: InFlightCounter;
  readonly #snapshots: OpenSnapshots;
  readonly #running = new Set<Promise<void>>();

  constructor(inFlight: InFlightCounter, snapshots: OpenSnapshots) {
    this.#inFlight = inFlight;
    this.#snapshots = snapshots;
  }

  /** @throws ClosedError when the database is closed, or was closed for too long before the copy was whole. */
  async run(task: BackupTask, options: BackupOptions & TaskOptions): Promise<void> {
    this.#inFlight.enter();
    const closing = new AbortController();
    let createError: (() => SluiceError) | undefined;
    const revocable = {
      revoke: (create: () => SluiceError): void => {
        createError = create;
        closing.abort();
      },
    };
    this.#inFlight.hold(revocable);
    const ended = this.#snapshots.add({
      label: options.label ?? 'backup',
      origin: undefined,
      end: undefined,
    });
    const signal = AbortSignal.any([
      closing.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    const work: Promise<void> = runTask(task, { ...options, signal });
    const settled = work.catch(() => {});
    this.#running.add(settled);
    try {
      await work;
    } catch (error) {
      throw createError?.() ?? error;
    } finally {
      this.#running.delete(settled);
      ended();
      this.#inFlight.forget(revocable);
      this.#inFlight.leave();
    }
  }

  /** Resolves when no thread copies any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }
}
