import type { BackupTask } from './back-up.js';
import type { CheckTask, IntegrityReport } from './check-integrity.js';
import type { QuarantineReport, QuarantineTask } from './quarantine.js';
import type { ReclaimReport, ReclaimTask } from './reclaim.js';
import type { RestoreReport, RestoreTask } from './restore-backup.js';

/** A long operation on a file. Each runs on a thread and a connection of its own. */
export type Task = BackupTask | CheckTask | QuarantineTask | ReclaimTask | RestoreTask;

/** The result of each kind of task. */
export interface TaskResults {
  readonly backup: undefined;
  readonly check: IntegrityReport;
  readonly quarantine: QuarantineReport;
  readonly reclaim: ReclaimReport;
  readonly restore: RestoreReport;
}
