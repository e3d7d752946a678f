import { ConflictError } from '../errors/flow-errors.js';
import type { ErrorOptions } from '../errors/sluice-error.js';

/** How long after the first member has finished another one may begin, in milliseconds: the members that have finished wait for it. */
const WINDOW_MS = 10;

/**
 * The batching window of a COMMIT that several transactions share. Its members run one after the other inside of one transaction of the engine, each so
 * that it can be undone alone, and none is answered before the COMMIT. Both drivers keep these rules:
 *
 * - Only transactions that core replays (`BeginOptions.isReplayable`) may be members, because any member may be undone for the sake of another one.
 * - Another member may begin while the window is open: until {@link CommitWindow.close}, for 10 ms after the first one has finished, and up to
 *   `maxMembers`.
 * - The driver decides which transactions may join, because only it knows whether a transaction sees the changes of the members before it.
 * - A COMMIT that fails for several members ends each in {@link sharedCommitError}, as it is unknown which one made it fail. They then run alone.
 * - A member that keeps finished ones waiting is undone, and ends in {@link yieldedError}.
 */
export class CommitWindow {
  readonly #maxMembers: number;
  #firstFinishedAt = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(maxMembers: number) {
    this.#maxMembers = maxMembers;
  }

  /** Whether another member may begin after `members` have begun. */
  isOpenFor(members: number): boolean {
    return (
      !this.#isClosed && members < this.#maxMembers && performance.now() - this.#firstFinishedAt <= WINDOW_MS
    );
  }

  /** Records that a member has finished. */
  noteFinished(): void {
    if (this.#firstFinishedAt === Number.POSITIVE_INFINITY) this.#firstFinishedAt = performance.now();
  }

  /** Lets no member begin any more. */
  close(): void {
    this.#isClosed = true;
  }
}

/** The error of a member whose COMMIT failed, or whose transaction was undone, perhaps through another member. It is replayed alone. */
export function sharedCommitError(options?: ErrorOptions): ConflictError {
  const message =
    'The transaction shared a COMMIT with another one, whose failure undid both; it is to be made again.';
  return new ConflictError('shared_commit', message, options);
}

/** The error of a member that was undone because it kept finished ones waiting. It is replayed alone. */
export function yieldedError(): ConflictError {
  const message =
    'The transaction was undone because it kept others from being committed; it is to be made again.';
  return new ConflictError('yielded', message);
}
