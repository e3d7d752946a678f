import { ConfigurationError } from '@sluice/core/errors';
import { CONVERSIONS } from '../values/convert-value.js';
import { type PolicyAction, VALUE_PROBLEMS, type ValueProblem } from '../values/value-problem.js';

/** Kinds of problems that a policy can decide, besides those of single values. */
const OTHER_KINDS = ['orphan', 'null-key', 'long-key', 'name', 'unique'] as const;

/** Actions by `KIND[@TABLE[.COLUMN]]`. */
export type Policies = Readonly<Record<string, PolicyAction>>;

/**
 * Parses policies as written on the command line: `nul-in-text@users.name=convert:strip-nul`.
 *
 * @throws ConfigurationError for an unknown kind, action or rule.
 */
export function parsePolicies(texts: readonly string[]): Policies {
  return Object.fromEntries(texts.map(parsePolicy));
}

function parsePolicy(text: string): [string, PolicyAction] {
  const split = text.lastIndexOf('=');
  const place = text.slice(0, split);
  const action = text.slice(split + 1);
  const [kind = ''] = place.split('@');
  const kinds: readonly string[] = [...Object.keys(VALUE_PROBLEMS), ...OTHER_KINDS];
  if (!kinds.includes(kind)) throw invalid(`"${kind}" is no kind of problem. Known are ${kinds.join(', ')}.`);
  if (!isAction(action)) {
    const rules = Object.keys(CONVERSIONS).join(', ');
    throw invalid(`"${action}" is no policy. Write fail, quarantine, or convert:RULE with one of ${rules}.`);
  }
  return [place, action];
}

function isAction(action: string): action is PolicyAction {
  if (action === 'fail' || action === 'quarantine') return true;
  return (
    action.startsWith('convert:') && (action.slice(8) in CONVERSIONS || OTHER_RULES.has(action.slice(8)))
  );
}

/**
 * Rules that do not convert values: a unique constraint for a key with NULLs, a foreign key that is NOT VALID, a shortened name, a key that the server
 * may refuse.
 */
const OTHER_RULES = new Set(['unique', 'not-valid', 'rename', 'try']);

/** The action for a kind of problem in one place: that of the most specific policy, or `fail`. */
export function policyOf(policies: Policies, kind: string, table: string, column?: string): PolicyAction {
  return policies[`${kind}@${table}.${column}`] ?? policies[`${kind}@${table}`] ?? policies[kind] ?? 'fail';
}

/** The actions for the values of a column, without those that are `fail`. */
export function columnPolicies(
  policies: Policies,
  table: string,
  column: string,
): Partial<Record<ValueProblem, PolicyAction>> {
  const kinds = Object.keys(VALUE_PROBLEMS) as ValueProblem[];
  const actions = kinds.map((kind) => [kind, policyOf(policies, kind, table, column)] as const);
  return Object.fromEntries(actions.filter(([, action]) => action !== 'fail'));
}

function invalid(message: string): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message);
}
