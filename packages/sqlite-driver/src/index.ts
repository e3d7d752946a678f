export type { BrokenForeignKey, IntegrityProblem, IntegrityReport } from './care/check-integrity.js';
export type { QuarantineReport } from './care/quarantine.js';
export type { ReclaimReport } from './care/reclaim.js';
export type { RestoreReport } from './care/restore-backup.js';
export type { MissingObject, SalvageReport } from './care/salvage.js';
export type { RowidRange, SalvagedTable } from './care/salvage-table.js';
export type { TaskProgress } from './care/task.js';
export type { SqliteOptions, SqliteValues } from './options/options.js';
export type { SqliteProfile } from './options/profile.js';
export {
  type CareOptions,
  checkIntegrity,
  quarantine,
  type RestoreOptions,
  reclaimSpace,
  restore,
} from './sqlite-care.js';
export { type SqliteDialectOptions, sqliteDialect } from './sqlite-dialect.js';
export { sqlite } from './sqlite-driver.js';
