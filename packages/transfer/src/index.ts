export { type AuditOptions, type AuditReport, auditFile } from './audit/audit.js';
export { type TransferBackOptions, transferBack } from './back/transfer-back.js';
export {
  type Location,
  locate,
  type Policies,
  parsePolicies,
  type TransferOptions,
  type TransferPhase,
  type TransferPlan,
  type TransferProgress,
  type TransferReport,
  type TransferredTable,
  transfer,
  type Untranslated,
} from './copy/index.js';
export {
  type Diagnosis,
  examine,
  LIMITS,
  type Symptoms,
  type Verdict,
  type WriterMetrics,
} from './doctor/examine.js';
export { readSymptoms } from './doctor/read-symptoms.js';
export { type Finding, isClear } from './plan/finding.js';
export type {
  PlannedColumn,
  PlannedStatement,
  PlannedTable,
} from './plan/transfer-plan.js';
export type { Misfits } from './reader/reader-protocol.js';
export type { RowDifference } from './verify/compare-rows.js';
export { type VerifyOptions, type VerifyReport, verify } from './verify/verify.js';
export type { VerifiedTable } from './verify/verify-table.js';
