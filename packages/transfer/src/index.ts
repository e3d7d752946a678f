export { type AuditOptions, type AuditReport, auditFile } from './audit/audit.js';
export { type Finding, isClear } from './audit/finding.js';
export { type TransferBackOptions, transferBack } from './back/transfer-back.js';
export { transfer } from './copy/transfer.js';
export type {
  TransferOptions,
  TransferPhase,
  TransferProgress,
  TransferReport,
  TransferredTable,
} from './copy/transfer-options.js';
export {
  type Diagnosis,
  examine,
  LIMITS,
  type Symptoms,
  type Verdict,
  type WriterMetrics,
} from './doctor/examine.js';
export { readSymptoms } from './doctor/read-symptoms.js';
export { type Policies, parsePolicies } from './plan/policies.js';
export type {
  PlannedColumn,
  PlannedStatement,
  PlannedTable,
  TransferPlan,
  Untranslated,
} from './plan/transfer-plan.js';
export type { Misfits } from './reader/reader-protocol.js';
export { type Location, locate } from './target/locate.js';
export type { RowDifference } from './verify/compare-rows.js';
export { type VerifyOptions, type VerifyReport, verify } from './verify/verify.js';
export type { VerifiedTable } from './verify/verify-table.js';
