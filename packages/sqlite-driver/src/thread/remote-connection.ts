import type { CallResult, OnPart } from './sqlite-thread.js';
import type { ThreadRequest } from './thread-protocol.js';

/** What the calling side sets and reads while a call runs. */
export interface CallFlags {
  /** Cancels a member. True when it will not be committed; false when its COMMIT has begun, so that the caller must wait for the outcome. */
  cancel(member: number): boolean;
  /** Records that one part of a result was consumed. */
  addCredit(): void;
  /** Whether a connection that has ended may have committed a member. */
  isClaimed(member: number): boolean;
  /** Whether it waits for the write lock of the file, which another process holds. */
  readonly isWaitingForLock: boolean;
}

/** A connection that is served elsewhere: by a thread, or by a process of its own. */
export interface RemoteConnection {
  readonly flags: CallFlags;
  /** Sends a request and resolves with the reply. Never rejects. Only one call at a time. */
  call(request: ThreadRequest, onPart?: OnPart): Promise<CallResult>;
}
