import { type QueueHolder, TimeoutError } from '@sluice/core';
import type { ThreadLease } from '../thread/thread-lease.js';
import type { SharedCommit } from '../transaction/shared-commit.js';
import type { WriteLease } from '../transaction/write-lease.js';

/** How long a holder of the writer may make no call while other transactions wait for the shared COMMIT. */
const IDLE_TIMEOUT_MS = 5;

/** Ends a holder that makes no call while others wait for the shared COMMIT. */
export function watchIdle(holder: WriteLease, shared: SharedCommit): void {
  const timer = setInterval(() => {
    if (holder.isOver || shared.size === 0) return clearInterval(timer);
    if (holder.idleMs < IDLE_TIMEOUT_MS) return;
    clearInterval(timer);
    shared.close();
    holder.yield();
  }, IDLE_TIMEOUT_MS);
}

/** Ends a holder that exceeds `limitMs` while others wait. `blocking` returns the holder while any wait. */
export function watchHold(
  lease: ThreadLease,
  limitMs: number,
  blocking: () => QueueHolder | undefined,
): void {
  const timer = setInterval(() => {
    if (lease.isReleased) return clearInterval(timer);
    const holder = blocking();
    if (holder === undefined || holder.heldMs < limitMs) return;
    clearInterval(timer);
    lease.revoke(() => heldTooLong(holder));
  }, limitMs);
  timer.unref();
  lease.onRelease(() => clearInterval(timer));
}

function heldTooLong({ label, heldMs, origin }: QueueHolder): TimeoutError {
  return new TimeoutError(
    `The transaction "${label}" had held the writer for ${Math.round(heldMs)} ms while others waited for it, and was undone. Do less in one, or raise holdLimitMs. The cause tells where it was begun.`,
    { cause: origin },
  );
}
