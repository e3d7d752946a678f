import { type Finding, finding } from '../plan/finding.js';
import { type Policies, policyOf } from '../plan/policies.js';
import type { PlannedTable } from '../plan/transfer-plan.js';
import type { Misfits } from '../reader/reader-protocol.js';
import { VALUE_PROBLEMS, type ValueProblem } from '../values/value-problem.js';

/** Conversion rules to suggest for each kind of problem. */
const RULES: Readonly<Record<ValueProblem, readonly string[]>> = {
  'invalid-utf8': ['latin1', 'replace-utf8', 'to-null'],
  'nul-in-text': ['strip-nul', 'nul-to-symbol', 'to-null'],
  'null-value': [],
  'out-of-range': ['round', 'to-null'],
  'too-large': ['to-null'],
  'too-long': ['truncate', 'to-null'],
  'wrong-class': ['parse-number', 'to-text', 'words', 'any-date', 'to-null'],
  'wrong-form': ['any-date', 'words', 'to-null'],
};

/** Makes a finding of values that do not fit their column. NULL in a primary key has its own kind. */
export function misfitFinding(table: PlannedTable, misfits: Misfits, policies: Policies): Finding {
  const { column, problem, count, keys } = misfits;
  const planned = table.columns.find(({ source }) => source === column);
  const isKey =
    problem === 'null-value' && planned !== undefined && table.primaryKey.includes(planned.target);
  const kind = isKey ? 'null-key' : problem;
  const exact = policyOf(policies, problem, table.source, column);
  const action = exact === 'fail' ? policyOf(policies, kind, table.source, column) : exact;
  const rules = isKey ? ['unique'] : RULES[problem];
  return finding({
    severity: 'problem',
    kind,
    table: table.source,
    column,
    count,
    keys,
    message: `${VALUE_PROBLEMS[problem]} (the column becomes ${planned?.type ?? 'unknown'}: ${planned?.why ?? ''}).`,
    advice: `${problem === 'too-large' ? 'keep it in a file or an object store' : 'quarantine'}${rules.map((rule) => `, convert:${rule}`).join('')}; or another type in the plan`,
    settledBy: action === 'fail' || (problem === 'too-large' && action === 'quarantine') ? undefined : action,
  });
}
