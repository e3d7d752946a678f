import type { SluiceError } from '@sluice/core';
import type { ProcessPool } from '../thread/process-pool.js';
import type { SqliteProcess } from '../thread/sqlite-process.js';
import type { SqliteThread } from '../thread/sqlite-thread.js';
import { ThreadLease } from '../thread/thread-lease.js';
import type { ThreadReply } from '../thread/thread-protocol.js';
import type { SharedCommit } from '../transaction/shared-commit.js';
import type { StuckWriter } from './stuck-writer.js';

/** What a caller works with while it holds the writer: the thread, or a process while the thread does nothing. */
export class WriterLoans {
  readonly #processes: ProcessPool;
  readonly #stuck: StuckWriter;
  readonly #shared: SharedCommit;
  readonly #onReply: (reply: ThreadReply) => void;
  #lease: ThreadLease | undefined;
  #process: SqliteProcess | undefined;

  constructor(
    processes: ProcessPool,
    stuck: StuckWriter,
    shared: SharedCommit,
    onReply: (reply: ThreadReply) => void,
  ) {
    this.#processes = processes;
    this.#stuck = stuck;
    this.#shared = shared;
    this.#onReply = onReply;
  }

  /** The process that works; `undefined` while there is none. */
  get process(): SqliteProcess | undefined {
    return this.#process;
  }

  /** Ends the present holder. */
  end(createError: () => SluiceError): void {
    this.#lease?.revoke(createError);
  }

  /** Lends the thread. */
  lendThread(thread: SqliteThread, label: string, release: () => void): ThreadLease {
    const lease = new ThreadLease(
      thread,
      (work) => {
        const returned = this.#returning(release);
        if (work === undefined) return returned();
        void work.then(returned, returned);
        this.#stuck.watch({
          thread,
          label,
          sql: lease.statement,
          isRunning: () => this.#lease === lease,
        });
      },
      (reply) => {
        this.#onReply(reply);
        if (!reply.inTransaction) this.#shared.abandon();
      },
      { op: 'undo' },
    );
    this.#lease = lease;
    return lease;
  }

  /** Lends a process; `undefined` when none can be started. */
  async lendProcess(release: () => void): Promise<ThreadLease | undefined> {
    const process = await this.#processes.take({});
    if ('failure' in process) return undefined;
    const returned = this.#returning(() => {
      this.#process = undefined;
      this.#processes.giveBack(process);
      release();
    });
    this.#process = process;
    this.#lease = new ThreadLease(
      process,
      (work) => {
        if (work === undefined) returned();
        else void work.then(returned, returned);
      },
      this.#onReply,
    );
    return this.#lease;
  }

  #returning(release: () => void): () => void {
    return () => {
      this.#lease = undefined;
      release();
    };
  }
}
