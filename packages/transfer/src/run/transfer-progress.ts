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

/** Reports the start of a phase, or more rows of a table. */
export type ReportProgress = (
  phase: TransferPhase,
  totalRows?: number,
  table?: string,
  rows?: number,
) => void;

/** Returns a function that reports to `onProgress`, if the caller has set it. */
export function progressReporter(
  onProgress: ((progress: TransferProgress) => void) | undefined,
): ReportProgress {
  return (phase, totalRows, table, rows = 0) => onProgress?.({ phase, table, rows, totalRows });
}
