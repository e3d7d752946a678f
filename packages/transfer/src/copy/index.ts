// The entry `@sluice/transfer/copy`, for a fast start: it loads the code that starts the readers' threads, and the rest while they start.

export { type Policies, parsePolicies } from '../plan/policies.js';
export type { TransferPlan, Untranslated } from '../plan/transfer-plan.js';
export type { TransferPhase, TransferProgress } from '../run/transfer-progress.js';
export type { TransferReport, TransferredTable } from '../run/transfer-report.js';
export { type Location, locate } from '../verify/locate.js';
export { transfer } from './transfer.js';
export type { TransferOptions } from './transfer-options.js';
