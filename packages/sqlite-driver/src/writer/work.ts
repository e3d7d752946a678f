import type { Failure } from '../errors/failure.js';
import type { ThreadLease } from '../thread/thread-lease.js';
import type { GroupWork } from './group.js';

/** A caller that waits for the exclusive use of the writer. */
export interface LeaseWork {
  readonly kind: 'lease';
  /** Whether it may join the open shared transaction, whose COMMIT then waits for it. */
  readonly mayFollow: boolean;
  /** Whether it works in a process, while the thread does nothing. */
  readonly inProcess: boolean;
  readonly label: string;
  /** Created where the caller asked for the writer. */
  readonly origin: Error;
  readonly grant: (lease: ThreadLease) => void;
  readonly fail: (failure: Failure) => void;
}

/** What waits for the writer. */
export type Work = GroupWork | LeaseWork;

/** Answers its caller with a failure. */
export function failWork(work: Work, failure: Failure): void {
  if (work.kind === 'lease') work.fail(failure);
  else work.settle({ kind: 'failure', failure });
}
