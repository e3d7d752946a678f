/** A phase of a transfer. */
export type TransferPhase = 'audit' | 'copy' | 'finish' | 'rehearse' | 'verify';

export interface TransferProgress {
  readonly phase: TransferPhase;
  readonly table: string | undefined;
  /** Rows since the last report. */
  readonly rows: number;
  /** Rows of the whole phase, where known. */
  readonly totalRows: number | undefined;
}

/** Reports that a phase begins, or how many more rows of a table are done. */
export type ReportProgress = (
  phase: TransferPhase,
  totalRows?: number,
  table?: string,
  rows?: number,
) => void;

/** Reports to `onProgress`, if the caller gave one. */
export function progressReporter(
  onProgress: ((progress: TransferProgress) => void) | undefined,
): ReportProgress {
  return (phase, totalRows, table, rows = 0) => onProgress?.({ phase, table, rows, totalRows });
}
