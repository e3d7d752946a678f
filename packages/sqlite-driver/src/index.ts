export type { BrokenForeignKey, IntegrityProblem, IntegrityReport } from './maintenance/check-integrity.js';
export type { QuarantineReport } from './maintenance/quarantine.js';
export type { ReclaimReport } from './maintenance/reclaim.js';
export type { RestoreReport } from './maintenance/restore-backup.js';
export type { MissingObject, SalvageReport } from './maintenance/salvage.js';
export type { RowidRange, SalvagedTable } from './maintenance/salvage-table.js';
export type { TaskProgress } from './maintenance/task-context.js';
export type { SqliteOptions, SqliteValues } from './options/options.js';
export type { SqliteProfile } from './options/profile.js';
export { type SqliteDialectOptions, sqliteDialect } from './sqlite-dialect.js';
export { sqlite } from './sqlite-driver.js';
export {
  checkIntegrity,
  type MaintenanceOptions,
  quarantine,
  type RestoreOptions,
  reclaimSpace,
  restore,
} from './sqlite-maintenance.js';
