import type { Row } from '../driver/driver.js';
import { TimeoutError } from '../errors/flow-errors.js';
import { MAX_TIMER_MS } from '../lane/max-timer.js';

/** The open streams of a storage. Each is closed at its deadline, also when its reader pauses or has abandoned the loop. */
export class OpenStreams {
  readonly #open = new Set<OpenStream>();
  #onEmpty: (() => void) | undefined;

  /** Passes the batches on. @param deadline in milliseconds of `performance.now()`. @throws TimeoutError after the deadline. */
  async *read(batches: AsyncIterator<readonly Row[]>, deadline: number): AsyncGenerator<readonly Row[]> {
    const stream = new OpenStream(batches, deadline, () => this.#closed(stream));
    this.#open.add(stream);
    try {
      for (;;) {
        const next = await stream.next();
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await stream.end();
    }
  }

  /** Resolves when no stream is open. */
  async empty(): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  #closed(stream: OpenStream): void {
    this.#open.delete(stream);
    if (this.#open.size === 0) this.#onEmpty?.();
  }
}

class OpenStream {
  readonly #batches: AsyncIterator<readonly Row[]>;
  readonly #onEnd: () => void;
  readonly #timer: NodeJS.Timeout | undefined;
  #ending: Promise<void> | undefined;
  #isExpired = false;

  constructor(batches: AsyncIterator<readonly Row[]>, deadline: number, onEnd: () => void) {
    this.#batches = batches;
    this.#onEnd = onEnd;
    const leftMs = Math.max(0, deadline - performance.now());
    if (leftMs <= MAX_TIMER_MS) this.#timer = setTimeout(() => this.#expire(), leftMs);
  }

  async next(): Promise<IteratorResult<readonly Row[]>> {
    // A stream that was closed early must not look complete.
    if (this.#isExpired) throw new TimeoutError('The deadline passed before the stream was read to its end.');
    return this.#batches.next();
  }

  /** Closes the driver's stream, once. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  #expire(): void {
    this.#isExpired = true;
    this.end().catch(() => {});
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      await this.#batches.return?.();
    } finally {
      this.#onEnd();
    }
  }
}
