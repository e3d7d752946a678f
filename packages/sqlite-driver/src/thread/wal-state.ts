/** How a checkpoint is made; `noop` only looks (sqlite.org/c3ref/wal_checkpoint_v2.html). */
export type CheckpointMode = 'noop' | 'passive' | 'restart' | 'truncate';

/** How large the write-ahead log is. */
export interface WalState {
  /** Pages written to it since it was last started over. */
  readonly frames: number;
  /** How many of them are in the file already. */
  readonly checkpointed: number;
  /** What one frame takes in the WAL: a page and its header. */
  readonly frameBytes: number;
}

/** What a checkpoint did. */
export interface CheckpointReport extends WalState {
  /** It was kept from finishing: by a reader, by the writer, or by a checkpoint of another process. */
  readonly isBusy: boolean;
  /** Frames it copied into the file. */
  readonly copied: number;
  readonly tookMs: number;
}
