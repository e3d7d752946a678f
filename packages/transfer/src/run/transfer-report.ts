import type { Finding } from '../plan/finding.js';
import type { TransferPlan, Untranslated } from '../plan/transfer-plan.js';
import type { TableProgress } from '../state/table-progress.js';
import type { VerifiedTable } from '../verify/verify-table.js';

export interface TransferredTable {
  readonly table: string;
  readonly rows: number;
  readonly quarantined: number;
  readonly converted: number;
}

/** The result of a transfer in either direction. */
export interface TransferReport {
  /** `refused`: a problem that no policy decides prevented the transfer, and nothing was written. */
  readonly outcome: 'different' | 'done' | 'planned' | 'refused';
  readonly findings: readonly Finding[];
  readonly plan: TransferPlan;
  readonly tables: readonly TransferredTable[];
  readonly verified: readonly VerifiedTable[];
  /** What the target does not have: not translated, or refused by the server. */
  readonly untranslated: readonly Untranslated[];
}

/** Makes a report, with defaults for what most outcomes leave empty. */
export function reportOf(
  parts: Pick<TransferReport, 'outcome' | 'plan'> & Partial<TransferReport>,
): TransferReport {
  return { findings: [], tables: [], verified: [], untranslated: [], ...parts };
}

/** The outcome of a transfer whose tables are compared. */
export function outcomeOf(verified: readonly VerifiedTable[]): 'different' | 'done' {
  return verified.every(({ isEqual }) => isEqual) ? 'done' : 'different';
}

/** The part of a report about one table. */
export function transferred(table: string, progress: TableProgress | undefined): TransferredTable {
  const { rows = 0, quarantined = 0, converted = 0 } = progress ?? {};
  return { table, rows, quarantined, converted };
}
