import type { SluiceError } from '@sluice/core';

/** An open snapshot of a reader. As long as it is open, the WAL may be unable to restart. */
export interface OpenSnapshot {
  /** The caller's label; `undefined` when it gave none. */
  readonly label: string | undefined;
  /** When it was opened, in milliseconds of `performance.now()`. */
  readonly since: number;
  /** Created where the caller opened it, for its stack; `undefined` for single reads. */
  readonly origin: Error | undefined;
  /** Ends it; its caller gets the error. `undefined` for a backup, which must not be cut short, and for a reader that does not return from SQLite. */
  readonly end: ((createError: () => SluiceError) => void) | undefined;
}

interface Opened {
  readonly snapshot: OpenSnapshot;
  onEnd: () => void;
}

/** The open snapshots of this process. */
export class OpenSnapshots {
  /** In the order in which they were opened. */
  readonly #open: Opened[] = [];
  #onEnd: () => void = () => {};

  /** Calls `onEnd` whenever a snapshot has ended. */
  onEnd(onEnd: () => void): void {
    this.#onEnd = onEnd;
  }

  /** Adds a snapshot. The returned function removes it. */
  add(snapshot: Omit<OpenSnapshot, 'since'>): () => void {
    const opened: Opened = { snapshot: { ...snapshot, since: performance.now() }, onEnd: () => {} };
    this.#open.push(opened);
    return this.#remover(opened);
  }

  /** Adds the snapshot of a reader that was ended and does not return from SQLite, as the oldest. The returned function removes it. */
  addStuck(label: string | undefined): () => void {
    const snapshot = { label, since: performance.now(), origin: undefined, end: undefined };
    const opened: Opened = { snapshot, onEnd: () => {} };
    this.#open.unshift(opened);
    return this.#remover(opened);
  }

  /** Ends all snapshots that can be ended. */
  endAll(createError: () => SluiceError): void {
    for (const { snapshot } of [...this.#open]) snapshot.end?.(createError);
  }

  #remover(opened: Opened): () => void {
    return () => {
      const index = this.#open.indexOf(opened);
      if (index >= 0) this.#open.splice(index, 1);
      opened.onEnd();
      this.#onEnd();
    };
  }

  /** The snapshot that has been open for longest. */
  oldest(): OpenSnapshot | undefined {
    return this.#open[0]?.snapshot;
  }

  /** Resolves when a snapshot has ended. */
  ended(snapshot: OpenSnapshot): Promise<void> {
    const opened = this.#open.find((other) => other.snapshot === snapshot);
    if (opened === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      opened.onEnd = resolve;
    });
  }
}
