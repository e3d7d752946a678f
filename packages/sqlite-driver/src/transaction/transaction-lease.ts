import type { SluiceError, WaitOptions } from '@sluice/core';
import type { ThreadLease } from '../thread/thread-lease.js';
import { DONE, type ThreadRequest } from '../thread/thread-protocol.js';
import type { CallOutcome } from '../thread/watched-call.js';
import type { ResultPart } from '../values/result-part.js';

/** The exclusive use of a thread by one transaction, until it ends. */
export interface TransactionLease {
  /** Whether the thread still works on a call. */
  readonly isRunning: boolean;
  call(request: ThreadRequest, wait: WaitOptions, onPart?: (part: ResultPart) => void): Promise<CallOutcome>;
  stream(request: ThreadRequest, wait: WaitOptions): AsyncGenerator<ResultPart, CallOutcome>;
  /** Commits and releases the thread. */
  commit(): Promise<CallOutcome>;
  /** Rolls back and releases the thread. While the thread still works on a cancelled call, it returns at once, and the rollback follows later. */
  rollback(): Promise<CallOutcome>;
  /** Revokes the lease and rolls back. The holder's further calls fail with the error. */
  revoke(createError: () => SluiceError): void;
}

/** The lease of a transaction that does not share its COMMIT: a schema change, or one in a process of its own. BEGIN has run before. */
export class SoleLease implements TransactionLease {
  readonly #lease: ThreadLease;

  constructor(lease: ThreadLease) {
    this.#lease = lease;
  }

  get isRunning(): boolean {
    return this.#lease.isRunning;
  }

  call(request: ThreadRequest, wait: WaitOptions, onPart?: (part: ResultPart) => void): Promise<CallOutcome> {
    return this.#lease.call(request, wait, onPart);
  }

  stream(request: ThreadRequest, wait: WaitOptions): AsyncGenerator<ResultPart, CallOutcome> {
    return this.#lease.stream(request, wait);
  }

  async commit(): Promise<CallOutcome> {
    const outcome = await this.#lease.call({ op: 'commit' }, {});
    this.#lease.release();
    return outcome;
  }

  async rollback(): Promise<CallOutcome> {
    if (this.#lease.isRunning) {
      this.#lease.release({ op: 'rollback' });
      return DONE;
    }
    const outcome = await this.#lease.call({ op: 'rollback' }, {});
    this.#lease.release();
    return outcome;
  }

  revoke(createError: () => SluiceError): void {
    this.#lease.revoke(createError);
  }
}
