import type {
  PlannedColumn,
  PlannedStatement,
  PlannedTable,
  TransferPlan,
  Untranslated,
} from '../plan/transfer-plan.js';
import type { PostgresSession } from '../postgres/session.js';
import { createTableSql } from '../postgres/table-sql.js';

/** Thrown to roll back the transaction of a rehearsal. */
class RehearsalOver extends Error {}

/**
 * Creates the whole schema without rows in a transaction, and rolls it back, to learn what the server refuses before anything is written.
 * Refused statements are removed from the plan and listed as untranslated. `before` runs first, in the same transaction.
 *
 * @throws the server's error when it refuses to create a table.
 */
export async function rehearse(
  session: PostgresSession,
  plan: TransferPlan,
  before: () => Promise<void>,
): Promise<TransferPlan> {
  let rehearsed = plan;
  try {
    await session.transaction(async () => {
      await before();
      rehearsed = await makeSchema(session, plan);
      throw new RehearsalOver();
    });
  } catch (error) {
    if (!(error instanceof RehearsalOver)) throw error;
  }
  return rehearsed;
}

async function makeSchema(session: PostgresSession, plan: TransferPlan): Promise<TransferPlan> {
  const untranslated: Untranslated[] = [...plan.untranslated];
  const tables: PlannedTable[] = [];
  for (const table of plan.tables) {
    const made = await makeTable(session, table, untranslated);
    tables.push({ ...made, statements: await runAll(session, made.statements, untranslated) });
  }
  const statements = await runViews(session, plan.statements, untranslated);
  return { ...plan, tables, statements, untranslated };
}

/** Creates a table. If the server refuses it, its generated columns become plain ones. */
async function makeTable(
  session: PostgresSession,
  table: PlannedTable,
  untranslated: Untranslated[],
): Promise<PlannedTable> {
  const refusal = await session.attempt(createTableSql(table));
  if (refusal === undefined) return table;
  const columns: PlannedColumn[] = table.columns.map((column) => ({ ...column, generatedSql: null }));
  const plain: PlannedTable = { ...table, columns };
  const second = await session.attempt(createTableSql(plain));
  if (second !== undefined) throw second;
  for (const { source, generatedSql } of table.columns) {
    if (generatedSql === null) continue;
    const object = `generated column ${table.source}.${source}`;
    untranslated.push({
      object,
      reason: `${refusal.message}; its values are copied into a plain column`,
      sql: generatedSql,
    });
  }
  return plain;
}

async function runAll(
  session: PostgresSession,
  statements: readonly PlannedStatement[],
  untranslated: Untranslated[],
): Promise<PlannedStatement[]> {
  const accepted: PlannedStatement[] = [];
  for (const statement of statements) {
    const refusal = await session.attempt(statement.sql);
    if (refusal === undefined) accepted.push(statement);
    else
      untranslated.push({
        object: statement.object,
        reason: `PostgreSQL refuses it: ${refusal.message}`,
        sql: statement.sql,
      });
  }
  return accepted;
}

/** Runs statements that may depend on later ones, such as views: retries the refused ones as long as at least one is accepted. */
async function runViews(
  session: PostgresSession,
  statements: readonly PlannedStatement[],
  untranslated: Untranslated[],
): Promise<PlannedStatement[]> {
  const accepted: PlannedStatement[] = [];
  for (let left = statements; left.length > 0; ) {
    const refused: Untranslated[] = [];
    const made = await runAll(session, left, refused);
    accepted.push(...made);
    if (made.length === 0 || refused.length === 0) {
      untranslated.push(...refused);
      break;
    }
    left = left.filter((statement) => !made.includes(statement));
  }
  return accepted;
}
