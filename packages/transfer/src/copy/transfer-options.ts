import type { Policies } from '../plan/policies.js';
import type { TransferPlan } from '../plan/transfer-plan.js';
import type { TransferProgress } from '../run/transfer-progress.js';

export interface TransferOptions {
  /** Path of the SQLite file. */
  readonly source: string;
  /** `postgres://…`. */
  readonly target: string;
  /** Schema of the target that takes the tables, which must exist. Default: the role's search path. */
  readonly targetSchema?: string | undefined;
  /** A plan of an earlier audit. Default: the file is audited now. */
  readonly plan?: TransferPlan | undefined;
  readonly policies?: Policies;
  /** `existing`: the tables are there, made by the application's migrations. Default: `translate`. */
  readonly schema?: 'existing' | 'translate';
  /** Tables to leave out. */
  readonly exclude?: readonly string[];
  /** Goes on with a transfer that was interrupted. */
  readonly resume?: boolean;
  /** Drops the tables of the plan, and the state of an earlier transfer, before it begins. */
  readonly replace?: boolean;
  /** Audits, rehearses and gives the plan; writes nothing. */
  readonly dryRun?: boolean;
  /** Default: true. */
  readonly verify?: boolean;
  /** Has the server gather statistics of the tables that were copied. Default: true. */
  readonly analyze?: boolean;
  /** Tables copied at once, and threads that read. Default: 2. */
  readonly jobs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: TransferProgress) => void;
}

export const DEFAULT_JOBS = 2;
