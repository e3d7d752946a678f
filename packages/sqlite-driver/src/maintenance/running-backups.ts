import type { BackupOptions, SluiceError } from '@sluice/core';
import type { InFlightCounter } from '../thread/in-flight-counter.js';
import type { OpenSnapshots } from '../wal/open-snapshots.js';
import type { BackupTask } from './back-up.js';
import { runTask, type TaskOptions } from './run-task.js';

/** The backups of an open database. Each holds a snapshot. Closing waits for them as it waits for streams. */
export class RunningBackups {
  readonly #inFlight: InFlightCounter;
  readonly #snapshots: OpenSnapshots;
  readonly #running = new Set<Promise<void>>();

  constructor(inFlight: InFlightCounter, snapshots: OpenSnapshots) {
    this.#inFlight = inFlight;
    this.#snapshots = snapshots;
  }

  /**
   * Makes a backup.
   *
   * @throws ClosedError when the database is closed, or when it is being closed and the copy takes more than ten seconds from then on.
   */
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

  /** Resolves when all backups have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }
}
