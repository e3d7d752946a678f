import { type Failure, STUCK } from '../errors/failure.js';
import type { SqliteThread } from '../thread/sqlite-thread.js';
import type { StuckStatement } from '../thread/stuck-report.js';
import { noteStuck } from '../thread/stuck-threads.js';

/** How long the writer's thread may continue with a statement that was cut off, before it counts as stuck. */
const GRACE_MS = 5000;

/** A statement that was cut off, while the writer's thread still works on it. */
export interface CutOff extends StuckStatement {
  readonly thread: SqliteThread;
  /** Whether the thread still works on it. */
  readonly isRunning: () => boolean;
}

/** Knows whether the writer's thread is in SQLite with a statement that was cut off, and does not return. It then holds the write lock of the file. */
export class StuckWriter {
  readonly #onStuck: (cutOff: CutOff, failure: Failure) => void;
  #failure: Failure | undefined;
  #forget: () => void = () => {};

  constructor(onStuck: (cutOff: CutOff, failure: Failure) => void) {
    this.#onStuck = onStuck;
  }

  /** The failure of all writes while the thread is stuck. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Waits for the thread to return. */
  watch(cutOff: CutOff): void {
    const at = new Date();
    setTimeout(() => {
      if (this.#failure === undefined && cutOff.isRunning()) this.#begin(cutOff, at);
    }, GRACE_MS).unref();
  }

  /** Call it when the thread has returned. */
  end(): void {
    this.#failure = undefined;
    this.#forget();
  }

  #begin(cutOff: CutOff, at: Date): void {
    const { label = 'without a label', thread } = cutOff;
    const message = `A statement of "${label}" was cut off at ${at.toISOString()} and does not return from SQLite, which cannot be interrupted in a thread. It holds the write lock of the file, for all processes; nothing of this call was executed. Restart this process: the statement is then undone.`;
    this.#failure = { code: STUCK, name: 'SqliteError', message, phase: 'run' };
    this.#forget = noteStuck(thread);
    thread.abandon();
    this.#onStuck(cutOff, this.#failure);
  }
}
