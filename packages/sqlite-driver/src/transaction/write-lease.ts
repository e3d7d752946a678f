import { ConflictError, type SluiceError, type WaitOptions, yieldedError } from '@sluice/core';
import type { ThreadLease } from '../thread/thread-lease.js';
import { DONE, type ThreadRequest } from '../thread/thread-protocol.js';
import type { CallOutcome } from '../thread/watched-call.js';
import type { ResultPart } from '../values/result-part.js';
import type { SharedCommit } from './shared-commit.js';
import type { TransactionLease } from './transaction-lease.js';

/**
 * The exclusive use of the writer by one transaction, which may share its COMMIT with the transactions just before and just after it. BEGIN is sent
 * with its first statement.
 */
export class WriteLease implements TransactionLease {
  readonly #lease: ThreadLease;
  readonly #shared: SharedCommit;
  readonly #shares: boolean;
  #isEntered = false;
  #idleSince = performance.now();

  /** @param shares whether others may share its COMMIT. If not, none is before it, and none may come after it. */
  constructor(lease: ThreadLease, shared: SharedCommit, shares: boolean) {
    this.#lease = lease;
    this.#shared = shared;
    this.#shares = shares;
  }

  /** Whether it was released or revoked. */
  get isOver(): boolean {
    return this.#lease.isReleased;
  }

  get isRunning(): boolean {
    return this.#lease.isRunning;
  }

  /** How long the holder has made no call, in milliseconds; 0 while one is in flight. */
  get idleMs(): number {
    return this.#lease.isRunning ? 0 : performance.now() - this.#idleSince;
  }

  async call(
    request: ThreadRequest,
    wait: WaitOptions,
    onPart?: (part: ResultPart) => void,
  ): Promise<CallOutcome> {
    const outcome = await this.#lease.call(this.#entering(request), wait, onPart);
    this.#idleSince = performance.now();
    return outcome;
  }

  async *stream(request: ThreadRequest, wait: WaitOptions): AsyncGenerator<ResultPart, CallOutcome> {
    const outcome = yield* this.#lease.stream(this.#entering(request), wait);
    this.#idleSince = performance.now();
    return outcome;
  }

  async commit(): Promise<CallOutcome> {
    await this.#lease.settled;
    if (this.#lease.revocation !== undefined) return { kind: 'over', createError: this.#lease.revocation };
    if (this.#isEntered && !this.#shares) this.#shared.close();
    const outcome = this.#isEntered ? this.#shared.join() : DONE;
    this.#lease.release();
    return outcome;
  }

  async rollback(): Promise<CallOutcome> {
    if (this.#lease.isRunning) {
      this.#lease.release({ op: 'undo' });
      return DONE;
    }
    const { revocation } = this.#lease;
    if (revocation !== undefined || !this.#isEntered) {
      this.#lease.release();
      // After a ConflictError the transaction is retried, so the result of its callback is discarded.
      return revocation?.() instanceof ConflictError ? { kind: 'over', createError: revocation } : DONE;
    }
    const undone = await this.#lease.call({ op: 'undo' }, {});
    // Its callback may have read changes of the previous transactions, so it is answered after their COMMIT.
    const outcome = undone.kind === 'result' && this.#shared.size > 0 ? this.#shared.join() : undone;
    this.#lease.release();
    return outcome;
  }

  revoke(createError: () => SluiceError): void {
    this.#lease.revoke(createError);
  }

  /** Revokes the lease of a holder that makes no call while others wait for the shared COMMIT. Its next attempt does not share. */
  yield(): void {
    this.#lease.revoke(yieldedError);
  }

  #entering(request: ThreadRequest): ThreadRequest {
    if (this.#isEntered || request.op !== 'run') return request;
    this.#isEntered = true;
    return { ...request, enters: true };
  }
}
