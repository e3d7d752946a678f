import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { CHUNK_BYTES, newChunk, TupleWriter } from '@sluice/postgres-driver/copy';
import { CANCELLED, type ReaderMessage, type ReaderStart } from './reader-protocol.js';

/** How many buffers a thread has in all. */
const MAX_CHUNKS = 3;

/** Size of the first chunk. It is small so that the server starts early; each later chunk is twice as large, up to a full buffer. */
const FIRST_BYTES = 64 * 1024;

/** Thrown in a reader's thread when the work is cancelled. */
class CancelledError extends Error {
  readonly code: string = CANCELLED;
}

/**
 * Sends tuples to the main thread in chunks. The main thread returns each buffer for reuse. A thread without a free buffer waits, so that
 * a slow target does not grow the memory.
 */
export class ChunkSender {
  readonly #recycled: MessagePort;
  readonly #signals: Int32Array;
  #allocated = 0;
  #chunkBytes = FIRST_BYTES;
  #returned = 0;

  constructor({ signals, recycled }: ReaderStart) {
    this.#recycled = recycled;
    this.#signals = signals;
  }

  /** Starts a new sequence of chunks. Write to the result, and call {@link flush} after each row. */
  begin(): TupleWriter {
    this.#chunkBytes = FIRST_BYTES;
    return new TupleWriter(this.#acquire());
  }

  /** Sends the chunk if it is full, or in any case when `isAll` is set. */
  flush(id: number, out: TupleWriter, isAll: boolean): void {
    if (out.position === 0 || (!isAll && out.position < this.#chunkBytes)) return;
    this.#chunkBytes = Math.min(this.#chunkBytes * 2, CHUNK_BYTES);
    const buffer = out.buffer.buffer as ArrayBuffer;
    const message: ReaderMessage = { id, kind: 'chunk', buffer, length: out.position };
    parentPort?.postMessage(message, [buffer]);
    out.buffer = isAll ? Buffer.alloc(0) : this.#acquire();
    out.position = 0;
  }

  /** Returns an unused buffer, as an empty chunk. */
  release(id: number, out: TupleWriter): void {
    const buffer = out.buffer.buffer as ArrayBuffer;
    const message: ReaderMessage = { id, kind: 'chunk', buffer, length: 0 };
    parentPort?.postMessage(message, [buffer]);
    out.buffer = Buffer.alloc(0);
  }

  assertNotCancelled(): void {
    if (Atomics.load(this.#signals, 1) === 1) throw new CancelledError('cancelled');
  }

  #acquire(): Buffer {
    if (this.#allocated < MAX_CHUNKS) {
      this.#allocated += 1;
      return newChunk();
    }
    for (;;) {
      this.assertNotCancelled();
      const received = receiveMessageOnPort(this.#recycled) as { message: ArrayBuffer | null } | undefined;
      if (received === undefined) Atomics.wait(this.#signals, 0, this.#returned);
      this.#returned = Atomics.load(this.#signals, 0);
      // `null`: the buffer had grown for a large value and was dropped. Allocate a new one.
      if (received !== undefined)
        return received.message === null ? newChunk() : Buffer.from(received.message);
    }
  }
}
