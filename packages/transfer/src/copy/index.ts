// A transfer alone: it loads what starts the readers' threads, and all else while they start.

export { type Policies, parsePolicies } from '../plan/policies.js';
export type { TransferPlan, Untranslated } from '../plan/transfer-plan.js';
export { type Location, locate } from '../verify/locate.js';
export { transfer } from './transfer.js';
export type {
  TransferOptions,
  TransferPhase,
  TransferProgress,
  TransferReport,
  TransferredTable,
} from './transfer-options.js';
