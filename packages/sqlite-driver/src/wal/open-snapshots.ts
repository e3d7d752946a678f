import type { SluiceError } from '@sluice/core';

/** A reader at work, which may keep SQLite from starting the WAL over. */
export interface OpenSnapshot {
  /** Who reads; `undefined` when the caller gave no label. */
  readonly label: string | undefined;
  /** When it began, in milliseconds of `performance.now()`. */
  readonly since: number;
  /** Made where it was begun, for what stays open while its caller thinks. */
  readonly origin: Error | undefined;
  /** Ends it for its caller with the error; `undefined` for a copy, which would be of no use if it were cut short. */
  readonly end: ((createError: () => SluiceError) => void) | undefined;
}

interface Opened {
  readonly snapshot: OpenSnapshot;
  onEnd: () => void;
}

/** The readers of this process that are at work. */
export class OpenSnapshots {
  /** In the order in which they began. */
  readonly #open: Opened[] = [];
  #onEnd: () => void = () => {};

  /** Calls `onEnd` whenever one has ended. */
  onEnd(onEnd: () => void): void {
    this.#onEnd = onEnd;
  }

  /** Adds a reader; the function returned says that its snapshot is gone. */
  add(snapshot: Omit<OpenSnapshot, 'since'>): () => void {
    const opened: Opened = { snapshot: { ...snapshot, since: performance.now() }, onEnd: () => {} };
    this.#open.push(opened);
    return () => {
      const index = this.#open.indexOf(opened);
      if (index >= 0) this.#open.splice(index, 1);
      opened.onEnd();
      this.#onEnd();
    };
  }

  /** The reader that has been at work for longest. */
  oldest(): OpenSnapshot | undefined {
    return this.#open[0]?.snapshot;
  }

  /** Resolves when a snapshot is gone. */
  ended(snapshot: OpenSnapshot): Promise<void> {
    const opened = this.#open.find((other) => other.snapshot === snapshot);
    if (opened === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      opened.onEnd = resolve;
    });
  }
}
