import { type Policies, policyOf } from '../plan/policies.js';
import type { PolicyAction } from '../values/value-problem.js';
import type { BackTable } from './table.js';

/** A foreign key between two tables that are moved. */
export interface BackForeignKey {
  readonly child: BackTable;
  readonly columns: readonly string[];
  readonly parent: BackTable;
  readonly parentColumns: readonly string[];
  /** What to do about orphan rows of the child. */
  readonly action: PolicyAction;
}

/** The foreign keys of a table, without those whose parent is not moved. */
export function foreignKeysOf(
  child: BackTable,
  tables: readonly BackTable[],
  policies: Policies,
): BackForeignKey[] {
  return child.objects.foreignKeys.flatMap(({ columns, parent: name, parentColumns }) => {
    const parent = tables.find(({ table }) => table.name === name);
    if (parent === undefined) return [];
    const action = policyOf(policies, 'orphan', child.table.name, columns.join(', '));
    return [{ child, columns, parent, parentColumns, action }];
  });
}
