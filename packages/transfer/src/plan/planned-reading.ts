import type { TableReading } from '../reader/table-reading.js';
import { columnPolicies } from './policies.js';
import type { PlannedColumn, PlannedTable, TransferPlan } from './transfer-plan.js';

/** How to read a planned table: the key columns first, the generated columns last. */
export function readingOf(plan: TransferPlan, table: PlannedTable): TableReading {
  const keys = table.primaryKey.flatMap((key) => table.columns.filter(({ target }) => target === key));
  const rest = table.columns.filter((column) => !keys.includes(column));
  const isGenerated = ({ generatedSql }: PlannedColumn): boolean => generatedSql !== null;
  const columns = [...keys, ...rest.filter((column) => !isGenerated(column)), ...rest.filter(isGenerated)];
  return {
    source: table.source,
    target: table.target,
    rowidName: table.rowidName ?? undefined,
    keyCount: keys.length,
    generatedCount: columns.filter(isGenerated).length,
    hasBigIntegers: table.hasBigIntegers,
    exceptSql: table.orphansSql ?? undefined,
    batchRows: table.batchRows,
    columns: columns.map((column) => ({
      source: column.source,
      target: column.target,
      type: column.type,
      form: column.form,
      isNotNull: column.isNotNull && !isGenerated(column),
      policies: columnPolicies(plan.policies, table.source, column.source),
    })),
  };
}
