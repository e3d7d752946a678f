import { changedFailure, toFailure } from '../errors/failure.js';
import type { ThreadConnection } from '../thread/thread-connection.js';
import type { ThreadFlags } from '../thread/thread-flags.js';
import type { Outcome } from '../thread/thread-protocol.js';
import type { CheckpointMode, CheckpointReport, WalState } from '../thread/wal-state.js';

/** Interval of the retries while readers block a checkpoint. */
const RETRY_MS = 1;

/** The checkpoint that a thread is asked for. */
export interface CheckpointRequest {
  readonly mode: CheckpointMode;
  /** How long to retry while short reads block it. */
  readonly timeoutMs: number;
}

/**
 * Makes a checkpoint, and retries until the timeout while it is busy. It sleeps between the retries, since SQLite's busy handler would hold
 * the write lock.
 */
export function runCheckpoint(
  connection: ThreadConnection,
  flags: ThreadFlags,
  { mode, timeoutMs }: CheckpointRequest,
): Outcome {
  const since = performance.now();
  try {
    // What has no name any more must not be copied over what others use, nor what was cut.
    const before = connection.checkpoint('noop');
    if (!connection.isFitToCopy(before)) return { kind: 'failure', failure: changedFailure('run') };
    let state = connection.checkpoint(mode);
    while (state.isBusy && performance.now() - since < timeoutMs) {
      flags.sleepWhile(() => true, RETRY_MS);
      state = connection.checkpoint(mode);
    }
    return { kind: 'checkpoint', report: toReport(before, state, performance.now() - since) };
  } catch (error) {
    return { kind: 'failure', failure: toFailure(error, 'run') };
  }
}

function toReport(
  before: WalState,
  after: WalState & { readonly isBusy: boolean },
  tookMs: number,
): CheckpointReport {
  return { ...after, copied: Math.max(0, after.checkpointed - before.checkpointed), tookMs };
}
