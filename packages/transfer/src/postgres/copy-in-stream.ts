import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { COPY_HEADER, COPY_TRAILER } from '@sluice/postgres-driver/copy';
import type { PostgresSession } from './session.js';

/** A running COPY FROM STDIN. Several readers write to it, whole tuples each time. */
export class CopyInStream {
  readonly #stream: Writable;
  readonly #session: PostgresSession;
  readonly #finished: Promise<void>;
  #isOver = false;

  constructor(session: PostgresSession, sql: string) {
    this.#session = session;
    this.#stream = session.copyIn(sql);
    this.#finished = new Promise((resolve, reject) => {
      this.#stream.once('finish', resolve);
      this.#stream.once('error', (error) => {
        this.#isOver = true;
        reject(session.explain(error));
      });
      this.#stream.once('close', () => reject(session.explain(new Error('connection closed'))));
    });
    // The next write, or `finish`, throws the error.
    this.#finished.catch(() => {});
    this.#stream.write(COPY_HEADER);
  }

  /** Writes tuples. Resolves when the buffer may be reused; rejects if the server has refused the COPY. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#isOver) return this.#finished;
    // The socket may queue a small write and send it after the buffer is reused: copy it.
    const own = bytes.length < SMALL_BYTES ? Buffer.from(bytes) : bytes;
    const written = new Promise<void>((resolve, reject) => {
      this.#stream.write(own, (error) => (error ? reject(this.#session.explain(error)) : resolve()));
    });
    await Promise.race([written, this.#finished]);
  }

  /** Ends the COPY. Resolves when the server has accepted all rows. */
  async finish(): Promise<void> {
    this.#stream.end(COPY_TRAILER);
    await this.#finished;
    this.#isOver = true;
  }

  /** Makes the server discard the rows that it has received. */
  async abandon(): Promise<void> {
    if (this.#isOver) return;
    this.#stream.destroy(new Error('the source could not be read'));
    // A server that is unreachable does not answer.
    const settled = this.#finished.then(
      () => true,
      () => true,
    );
    const isSettled = await Promise.race([settled, sleep(ABANDON_MS, false, { ref: false })]);
    if (!isSettled) this.#session.destroy();
  }
}

/** How long the server may take to discard a COPY before the connection is closed. */
const ABANDON_MS = 5_000;

/** Above the socket's high-water mark: when a larger write calls back, its bytes have been sent. */
const SMALL_BYTES = 128 * 1024;
