import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { CHUNK_BYTES, newChunk, TupleWriter } from '@sluice/postgres-driver/copy';
import { CANCELLED, type ReaderMessage, type ReaderStart } from './reader-protocol.js';

/** Buffers of a thread that may be on their way at once. */
const MAX_CHUNKS = 3;

/** Bytes of the first buffer that is sent: the server is not to wait for a full one. Each one after it has twice as many. */
const FIRST_BYTES = 64 * 1024;

/** Thrown in a reader's thread when its work is to stop. */
export class CancelledError extends Error {
  readonly code: string = CANCELLED;
}

/**
 * Sends tuples to the main thread in buffers that come back to be used again. A thread without a buffer waits, so that memory stays
 * constant however slow the target is.
 */
export class ChunkSender {
  readonly #recycled: MessagePort;
  readonly #signals: Int32Array;
  #allocated = 0;
  #enough = FIRST_BYTES;
  #returned = 0;

  constructor({ signals, recycled }: ReaderStart) {
    this.#recycled = recycled;
    this.#signals = signals;
  }

  begin(): TupleWriter {
    this.#enough = FIRST_BYTES;
    return new TupleWriter(this.#acquire());
  }

  /** Sends what is written when it is enough, or all of it. */
  flush(id: number, out: TupleWriter, isAll: boolean): void {
    if (out.position === 0 || (!isAll && out.position < this.#enough)) return;
    this.#enough = Math.min(this.#enough * 2, CHUNK_BYTES);
    const buffer = out.buffer.buffer as ArrayBuffer;
    const message: ReaderMessage = { id, kind: 'chunk', buffer, length: out.position };
    parentPort?.postMessage(message, [buffer]);
    out.buffer = isAll ? Buffer.alloc(0) : this.#acquire();
    out.position = 0;
  }

  /** Gives back a buffer into which nothing was written. */
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
      // A buffer that had grown for a large value does not come back; a new one takes its place.
      if (received !== undefined)
        return received.message === null ? newChunk() : Buffer.from(received.message);
    }
  }
}
