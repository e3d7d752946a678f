import { SerialQueue } from '../lane/serial-queue.js';

/** Iterates over the rows of batches one by one. It is not an async generator, because that takes twice as long for each row. */
export class RowIterator<Row> implements AsyncIterableIterator<Row, undefined> {
  readonly #batches: AsyncIterator<readonly Row[]>;
  readonly #calls = new SerialQueue();
  #rows: readonly Row[] = [];
  #next = 0;

  constructor(batches: AsyncIterator<readonly Row[]>) {
    this.#batches = batches;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Row, undefined>> {
    if (this.#calls.pending === undefined && this.#next < this.#rows.length)
      return Promise.resolve(this.#take());
    return this.#calls.run(() => this.#read());
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    return this.#calls.run(async () => {
      this.#rows = [];
      await this.#batches.return?.();
      return { done: true, value: undefined };
    });
  }

  async #read(): Promise<IteratorResult<Row, undefined>> {
    while (this.#next >= this.#rows.length) {
      this.#rows = [];
      this.#next = 0;
      const batch = await this.#batches.next();
      if (batch.done) return { done: true, value: undefined };
      this.#rows = batch.value;
    }
    return this.#take();
  }

  #take(): IteratorYieldResult<Row> {
    const value = this.#rows[this.#next] as Row;
    this.#next += 1;
    return { done: false, value };
  }
}
