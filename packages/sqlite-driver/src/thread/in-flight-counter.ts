import { ClosedError, type SluiceError } from '@sluice/core';

/** How long transactions and streams that are open when the database is closed may still go on. */
const GRACE_MS = 10_000;

/** What can be taken from its holder, whose further calls end in the error. */
export interface Revocable {
  revoke(createError: () => SluiceError): void;
}

/** Counts what was accepted, so that closing can refuse what is new and wait for the rest (contract C12). */
export class InFlightCounter {
  /** What holds a thread while its caller thinks, and could do so for ever. No Set, for the reason told at core's Fifo. */
  readonly #leases: Revocable[] = [];
  #accepted = 0;
  #isClosed = false;
  #onEmpty: (() => void) | undefined;

  /** @throws ClosedError once {@link InFlightCounter.drain} was called. */
  enter(): void {
    if (this.#isClosed) throw new ClosedError('The database is closed.');
    this.#accepted += 1;
  }

  leave(): void {
    this.#accepted -= 1;
    if (this.#accepted === 0) this.#onEmpty?.();
  }

  /** Remembers a lease until {@link InFlightCounter.forget}. */
  hold(lease: Revocable): void {
    this.#leases.push(lease);
  }

  forget(lease: Revocable): void {
    const index = this.#leases.indexOf(lease);
    if (index >= 0) this.#leases.splice(index, 1);
  }

  /** Refuses what is new and resolves when all that was accepted is done; what then still holds a thread loses it. */
  async drain(): Promise<void> {
    this.#isClosed = true;
    if (this.#accepted === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    const timer = setTimeout(() => this.#revoke(resolve), GRACE_MS);
    await promise;
    clearTimeout(timer);
  }

  #revoke(resolve: () => void): void {
    for (const lease of [...this.#leases]) lease.revoke(closedError);
    resolve();
  }
}

function closedError(): ClosedError {
  return new ClosedError('The database was closed while this transaction or stream was open; it was ended.');
}
