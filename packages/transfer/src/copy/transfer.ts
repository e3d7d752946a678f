import { ReaderPool } from '../reader/reader-pool.js';
import type { TransferReport } from '../run/transfer-report.js';
import { DEFAULT_JOBS, type TransferOptions } from './transfer-options.js';

/**
 * Moves a SQLite file into PostgreSQL. Each table is copied and recorded in one transaction, so that `resume` can continue a transfer that was
 * interrupted at any point. The records are in the schema `sluice_transfer` of the target.
 *
 * @throws ConfigurationError when the target or the options do not allow the transfer; ConnectionError when the connection is lost;
 * CorruptError for a damaged source.
 */
export async function transfer(options: TransferOptions): Promise<TransferReport> {
  const opening = ReaderPool.open(options.source, options.jobs ?? DEFAULT_JOBS);
  // runTransfer awaits it later, and handles the error.
  opening.catch(() => {});
  // Load the rest while the readers' threads start.
  const { runTransfer } = await import('./run-transfer.js');
  return runTransfer(opening, options);
}
