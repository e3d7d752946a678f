/** The mode of a checkpoint; `noop` only reads the state (sqlite.org/c3ref/wal_checkpoint_v2.html). */
export type CheckpointMode = 'noop' | 'passive' | 'restart' | 'truncate';

/** The size of the write-ahead log. */
export interface WalState {
  /** Frames, of one page each, that were written since the WAL last restarted. */
  readonly frames: number;
  /** How many of them were copied into the file. */
  readonly checkpointed: number;
  /** Size of a frame in bytes: a page and its header. */
  readonly frameBytes: number;
}

/** The result of a checkpoint. */
export interface CheckpointReport extends WalState {
  /** Whether a reader, the writer, or a checkpoint of another process kept it from finishing. */
  readonly isBusy: boolean;
  /** How many frames it copied into the file. */
  readonly copied: number;
  readonly tookMs: number;
}
