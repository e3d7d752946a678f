import { ReaderPool } from '../reader/reader-pool.js';
import type { TransferReport } from '../run/transfer-report.js';
import { DEFAULT_JOBS, type TransferOptions } from './transfer-options.js';

/**
 * Moves a SQLite file into PostgreSQL. Every table is one transaction, recorded in the side schema `sluice_transfer`, so that a transfer
 * that ended at any point is taken up by `resume`.
 *
 * @throws ConfigurationError when the target is not as it must be; ConnectionError when it is lost; CorruptError for a damaged source.
 */
export async function transfer(options: TransferOptions): Promise<TransferReport> {
  const opening = ReaderPool.open(options.source, options.jobs ?? DEFAULT_JOBS);
  // Whoever waits for it gets the error.
  opening.catch(() => {});
  // Loaded while the readers' threads start.
  const { runTransfer } = await import('./run-transfer.js');
  return runTransfer(opening, options);
}
