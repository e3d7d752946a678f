import type { SluiceError, WaitOptions } from '@sluice/core';
import { statementKind } from '../sql/statement.js';
import type { ThreadLease } from '../thread/thread-lease.js';
import { DONE, type ThreadRequest } from '../thread/thread-protocol.js';
import type { CallOutcome } from '../thread/watched-call.js';
import type { ResultPart } from '../values/result-part.js';
import type { TransactionLease } from './transaction-lease.js';

/** The lease of a reader by a transaction that only reads. Its first statement takes the snapshot, as in PostgreSQL; a savepoint takes none. */
export class SnapshotLease implements TransactionLease {
  readonly #lease: ThreadLease;
  #hasBegun = false;
  #hasSnapshot = false;

  constructor(lease: ThreadLease) {
    this.#lease = lease;
  }

  get isRunning(): boolean {
    return this.#lease.isRunning;
  }

  call(request: ThreadRequest, wait: WaitOptions, onPart?: (part: ResultPart) => void): Promise<CallOutcome> {
    return this.#lease.call(this.#entering(request), wait, onPart);
  }

  stream(request: ThreadRequest, wait: WaitOptions): AsyncGenerator<ResultPart, CallOutcome> {
    return this.#lease.stream(this.#entering(request), wait);
  }

  /** There is nothing to commit. */
  commit(): Promise<CallOutcome> {
    return this.rollback();
  }

  async rollback(): Promise<CallOutcome> {
    if (this.#lease.isRunning) {
      this.#lease.release({ op: 'rollback' });
      return DONE;
    }
    const outcome = this.#hasBegun
      ? await this.#lease.call({ op: 'rollback' }, {})
      : this.#outcomeOfNothing();
    this.#lease.release();
    return outcome;
  }

  revoke(createError: () => SluiceError): void {
    this.#lease.revoke(createError);
  }

  #outcomeOfNothing(): CallOutcome {
    const { revocation } = this.#lease;
    return revocation === undefined ? DONE : { kind: 'over', createError: revocation };
  }

  #entering(request: ThreadRequest): ThreadRequest {
    if (this.#hasSnapshot || request.op !== 'run') return request;
    this.#hasBegun = true;
    this.#hasSnapshot = statementKind(request.statement.sql) !== 'savepoint';
    return { ...request, enters: true };
  }
}
