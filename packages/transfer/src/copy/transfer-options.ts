import type { Policies } from '../plan/policies.js';
import type { TransferPlan } from '../plan/transfer-plan.js';
import type { TransferProgress } from '../run/transfer-progress.js';

export interface TransferOptions {
  /** Path of the SQLite file. */
  readonly source: string;
  /** `postgres://…`. */
  readonly target: string;
  /** Schema of the target for the tables. It must exist. Default: the role's search path. */
  readonly targetSchema?: string | undefined;
  /** The plan of an earlier audit. Default: the transfer audits the file first. */
  readonly plan?: TransferPlan | undefined;
  readonly policies?: Policies;
  /** `existing`: the application's migrations have created the tables. `translate`: the transfer creates them. Default: `translate`. */
  readonly schema?: 'existing' | 'translate';
  /** Tables to skip. */
  readonly exclude?: readonly string[];
  /** Resumes an interrupted transfer. Default: false. */
  readonly resume?: boolean;
  /** Drops the tables of the plan and the state of an earlier transfer first. Default: false. */
  readonly replace?: boolean;
  /** Audits, rehearses and returns the plan, and writes nothing. Default: false. */
  readonly dryRun?: boolean;
  /** Compares every row of both sides after the copy. Default: true. */
  readonly verify?: boolean;
  /** Runs ANALYZE on the copied tables. Default: true. */
  readonly analyze?: boolean;
  /** Number of tables to copy at once, and of reading threads. Default: 2. */
  readonly jobs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: TransferProgress) => void;
}

export const DEFAULT_JOBS = 2;
