import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { COPY_HEADER, COPY_TRAILER } from '@sluice/postgres-driver/copy';
import type { PostgresSession } from './session.js';

/** A COPY FROM STDIN under way, which several readers write whole tuples to. */
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
    // Whoever writes or finishes gets the error.
    this.#finished.catch(() => {});
    this.#stream.write(COPY_HEADER);
  }

  /** Resolves when the bytes are on their way and the buffer may be used again; rejects once the server has refused the COPY. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#isOver) return this.#finished;
    // The socket may keep a small write for later, when its buffer has come back and holds other rows.
    const own = bytes.length < SMALL_BYTES ? Buffer.from(bytes) : bytes;
    const written = new Promise<void>((resolve, reject) => {
      this.#stream.write(own, (error) => (error ? reject(this.#session.explain(error)) : resolve()));
    });
    await Promise.race([written, this.#finished]);
  }

  /** Ends the COPY; the server has taken every row when it resolves. */
  async finish(): Promise<void> {
    this.#stream.end(COPY_TRAILER);
    await this.#finished;
    this.#isOver = true;
  }

  /** Makes the server drop what it got. */
  async abandon(): Promise<void> {
    if (this.#isOver) return;
    this.#stream.destroy(new Error('the source could not be read'));
    // A server that is gone answers nothing.
    const settled = this.#finished.then(
      () => true,
      () => true,
    );
    const isSettled = await Promise.race([settled, sleep(ABANDON_MS, false, { ref: false })]);
    if (!isSettled) this.#session.destroy();
  }
}

/** How long the server may take to drop a COPY before the connection is cut. */
const ABANDON_MS = 5_000;

/** Above the size at which a socket asks its writer to wait, so that a larger write has left when it is answered. */
const SMALL_BYTES = 128 * 1024;
