import type { TableReading } from '../reader/table-reading.js';
import type { TableProgress } from '../state/table-progress.js';
import type { VerifySide } from '../verify/verify-side.js';
import { type VerifiedTable, verifyTable } from '../verify/verify-table.js';
import type { ReportProgress } from './transfer-progress.js';

/** Compares the tables that a transfer has copied. It does not read a table of the source again that was hashed during the copy. */
export async function verifyCopied(
  tables: readonly TableReading[],
  source: VerifySide,
  target: VerifySide,
  progress: ReadonlyMap<string, TableProgress>,
  report: ReportProgress,
): Promise<VerifiedTable[]> {
  const totalRows = [...progress.values()].reduce((sum, { rows }) => sum + rows, 0);
  report('verify', totalRows);
  const verified: VerifiedTable[] = [];
  for (const table of tables) {
    const known = progress.get(table.target)?.sums;
    const onProgress = (rows: number): void => report('verify', totalRows, table.target, rows);
    verified.push(await verifyTable(table, source, target, known, onProgress));
  }
  return verified;
}
