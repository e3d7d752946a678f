import { isChecked } from '../plan/plan-digest.js';
import type { TransferPlan } from '../plan/transfer-plan.js';
import { PostgresSession } from '../postgres/session.js';
import { refused } from '../run/refusals.js';
import { fingerprintOf } from '../source/fingerprint.js';
import { quoteName, quoteNames } from '../sql/quote.js';
import { readState, type TransferState } from '../state/postgres-state.js';
import { dropStatements } from './drop-statements.js';
import { rehearse } from './rehearse.js';
import { lockTarget } from './target-lock.js';
import type { TransferOptions } from './transfer-options.js';

export interface Target {
  readonly session: PostgresSession;
  /** State of an earlier transfer. */
  readonly state: TransferState | undefined;
  /** The given plan after its rehearsal, if it could be rehearsed without reading the source. */
  readonly rehearsed: TransferPlan | undefined;
}

/** Connects to the target, locks it against other transfers, and reads its state. Writes nothing. */
export async function openTarget(options: TransferOptions): Promise<Target> {
  const session = await PostgresSession.connect(options.target, options.targetSchema);
  try {
    if (!(await lockTarget(session))) throw refused('Another transfer into this database is running.');
    const state = await readState(session);
    const plan = givenPlan(options);
    const isNext =
      state === undefined &&
      options.schema !== 'existing' &&
      plan !== undefined &&
      isChecked(plan, fingerprintOf(options.source));
    return { session, state, rehearsed: isNext ? await rehearseOn(session, plan, options) : undefined };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** The plan of the options, with the policies of the options. */
export function givenPlan({ plan, policies }: TransferOptions): TransferPlan | undefined {
  return plan && { ...plan, policies: { ...plan.policies, ...policies } };
}

/** Checks that the target is empty, or may be replaced, and rehearses the plan. */
export async function rehearseOn(
  session: PostgresSession,
  plan: TransferPlan,
  { replace = false }: TransferOptions,
): Promise<TransferPlan> {
  const existing = await findTables(session, plan);
  if (existing.length > 0 && !replace) {
    throw refused(
      `The target is not empty: it has ${existing.map(quoteName).join(', ')}. Choose an empty database or --target-schema, or add --replace to drop these tables.`,
    );
  }
  return rehearse(session, plan, async () => {
    if (existing.length > 0) await dropTables(session, plan);
  });
}

/** Drops the tables of a plan in one statement, so that their foreign keys to each other do not matter. It fails if another object depends on them. */
export async function dropTables(session: PostgresSession, plan: TransferPlan): Promise<void> {
  const existing = await findTables(session, plan);
  await dropStatements(session, plan);
  if (existing.length > 0) await session.query(`drop table ${quoteNames(existing)}`);
}

async function findTables(session: PostgresSession, plan: TransferPlan): Promise<string[]> {
  const rows = await session.query<{ relname: string }>(
    `select relname from pg_class where pg_table_is_visible(oid) and relname = any($1)
       and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) order by relname`,
    [plan.tables.map(({ target }) => target)],
  );
  return rows.map(({ relname }) => relname);
}
