import { ClosedError, type SluiceError } from '@sluice/core';

/** How long open transactions and streams may continue after the database is closed. */
const GRACE_MS = 10_000;

/** A resource that can be revoked. The holder's further calls then fail with the error. */
export interface Revocable {
  revoke(createError: () => SluiceError): void;
}

/** Counts the calls in flight, so that closing can refuse new calls and wait for the others (contract C12). */
export class InFlightCounter {
  /** Leases that hold a thread between calls, for an unlimited time. An array rather than a Set, for the reason given at core's Fifo. */
  readonly #leases: Revocable[] = [];
  #inFlight = 0;
  #isClosed = false;
  #onDrained: (() => void) | undefined;

  /**
   * Counts a call.
   *
   * @throws ClosedError once {@link InFlightCounter.drain} was called.
   */
  enter(): void {
    if (this.#isClosed) throw new ClosedError('The database is closed.');
    this.#inFlight += 1;
  }

  /** Uncounts a call that {@link InFlightCounter.enter} counted. */
  leave(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#onDrained?.();
  }

  /** Registers a lease, to be revoked when draining takes too long. */
  hold(lease: Revocable): void {
    this.#leases.push(lease);
  }

  /** Unregisters a lease. */
  forget(lease: Revocable): void {
    const index = this.#leases.indexOf(lease);
    if (index >= 0) this.#leases.splice(index, 1);
  }

  /**
   * Refuses new calls, and resolves when all calls in flight have ended. After ten seconds, leases that are still held are revoked, and `endCalls` ends
   * the calls that have none.
   */
  async drain(endCalls: (createError: () => SluiceError) => void): Promise<void> {
    this.#isClosed = true;
    if (this.#inFlight === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onDrained = resolve;
    const timer = setTimeout(() => {
      this.#revoke();
      endCalls(closedError);
      resolve();
    }, GRACE_MS);
    await promise;
    clearTimeout(timer);
  }

  #revoke(): void {
    for (const lease of [...this.#leases]) lease.revoke(closedError);
  }
}

function closedError(): ClosedError {
  return new ClosedError(
    'The database was closed while this call, transaction or stream was under way; it was ended, and nothing of it was kept.',
  );
}
