import type { SluiceError } from '../errors/sluice-error.js';
import type { TableChange, TableWatch } from './table-watch.js';

/** A watch that merges its events until the reader takes them. */
export class OpenTableWatch<T extends string> implements TableWatch<T>, AsyncIterator<TableChange<T>> {
  readonly #changed = new Set<T>();
  readonly #onClose: () => Promise<void>;
  readonly #readers: (() => void)[] = [];
  #failure: SluiceError | undefined;
  #closing: Promise<void> | undefined;

  /** @param onClose ends the driver's watch. */
  constructor(onClose: () => Promise<void>) {
    this.#onClose = onClose;
  }

  /** Adds tables to the next event. */
  changed(tables: readonly T[]): void {
    for (const table of tables) this.#changed.add(table);
    this.#wakeReaders();
  }

  /** Ends the iteration with `error`. */
  fail(error: SluiceError): void {
    this.#failure ??= error;
    // The reader gets `error`; an error while closing adds nothing to it.
    this.close().catch(() => {});
  }

  [Symbol.asyncIterator](): AsyncIterator<TableChange<T>> {
    return this;
  }

  async next(): Promise<IteratorResult<TableChange<T>>> {
    while (this.#changed.size === 0 && this.#closing === undefined)
      await new Promise<void>((resolve) => this.#readers.push(resolve));
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined) return { done: true, value: undefined };
    const tables = [...this.#changed];
    this.#changed.clear();
    return { done: false, value: { tables } };
  }

  async return(): Promise<IteratorResult<TableChange<T>>> {
    await this.close();
    return { done: true, value: undefined };
  }

  close(): Promise<void> {
    this.#closing ??= this.#onClose();
    this.#wakeReaders();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #wakeReaders(): void {
    for (const wake of this.#readers.splice(0)) wake();
  }
}
