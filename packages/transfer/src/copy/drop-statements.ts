import type { TransferPlan } from '../plan/transfer-plan.js';
import type { PostgresSession } from '../postgres/session.js';
import { quoteName } from '../sql/quote.js';
import { triggerFunctionName } from '../translate/query.js';

/** Drops the views, triggers with their functions, and foreign keys of the plan. The transfer creates them again. */
export async function dropStatements(session: PostgresSession, plan: TransferPlan): Promise<void> {
  for (const view of named(plan, 'view').toReversed())
    await session.query(`drop view if exists ${quoteName(view)}`);
  for (const trigger of named(plan, 'trigger'))
    await session.query(`drop function if exists ${triggerFunctionName(trigger)} cascade`);
  await dropForeignKeys(
    session,
    'relname = any($1)',
    plan.tables.map(({ target }) => target),
  );
}

/** Drops the foreign keys of existing tables that form cycles. The plan's statements create them again. */
export async function dropCutForeignKeys(
  session: PostgresSession,
  { statements }: TransferPlan,
): Promise<void> {
  await dropForeignKeys(
    session,
    `format('foreign key %s of %s', conname, relname) = any($1)`,
    statements.map(({ object }) => object),
  );
}

async function dropForeignKeys(
  session: PostgresSession,
  condition: string,
  names: readonly string[],
): Promise<void> {
  const keys = await session.query<{ table: string; name: string }>(
    `select relname as table, conname as name from pg_constraint join pg_class on pg_class.oid = conrelid
       where contype = 'f' and pg_table_is_visible(conrelid) and ${condition}`,
    [names],
  );
  for (const { table, name } of keys)
    await session.query(`alter table ${quoteName(table)} drop constraint ${quoteName(name)}`);
}

function named({ statements }: TransferPlan, kind: 'trigger' | 'view'): string[] {
  return statements.flatMap(({ object }) =>
    object.startsWith(`${kind} `) ? [object.slice(kind.length + 1)] : [],
  );
}
