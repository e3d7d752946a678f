import { UnsupportedError } from '@sluice/core';
import {
  type DeleteQueryNode,
  type JoinNode,
  type OperationNode,
  OperatorNode,
  type SelectQueryNode,
  type SetOperationNode,
} from 'kysely';

const FIRST_OF_GROUP =
  'Number the rows of each group in a sub-query, with row_number() over (partition by … order by …), and keep those whose number is 1.';

/** @throws UnsupportedError when the query has a clause that only PostgreSQL knows. */
export function assertSelects({ distinctOn, fetch }: SelectQueryNode): void {
  if (distinctOn !== undefined) throw missing('DISTINCT ON', FIRST_OF_GROUP);
  if (fetch !== undefined) throw missing('FETCH', 'Use limit, which both engines have.');
}

/** @throws UnsupportedError for a lateral join. */
export function assertJoins({ joinType }: JoinNode): void {
  if (/Lateral|Apply/.test(joinType))
    throw missing('LATERAL', `Select a value as a sub-query, or rows with jsonArrayFrom. ${FIRST_OF_GROUP}`);
}

/** @throws UnsupportedError for a deletion by a join. */
export function assertDeletes({ using }: DeleteQueryNode): void {
  if (using !== undefined) throw missing('DELETE … USING', 'Find the rows with a sub-query: in, or exists.');
}

/** @throws UnsupportedError for a set operation that counts equal rows. */
export function assertCombines({ all, operator }: SetOperationNode): void {
  if (all && operator !== 'union') throw missing(`${operator.toUpperCase()} ALL`, 'Number equal rows first.');
}

/** @throws UnsupportedError for an operator that only PostgreSQL knows. */
export function assertOperates(operator: OperationNode): void {
  if (OperatorNode.is(operator) && POSTGRES_OPERATORS.has(operator.operator))
    throw missing(
      `operator ${operator.operator}`,
      'Choose by storage.capabilities, or use what both engines have.',
    );
}

/** @throws UnsupportedError for MERGE, always. */
export function refuseMerge(): never {
  throw missing('MERGE', 'Use an insert with onConflict, or an update and an insert in one transaction.');
}

function missing(what: string, way: string): UnsupportedError {
  return new UnsupportedError(`SQLite has no ${what}. ${way}`);
}

const POSTGRES_OPERATORS: ReadonlySet<string> = new Set([
  '!~',
  '!~*',
  '&&',
  '<@',
  '?',
  '?&',
  '?|',
  '@>',
  '@@',
  '@@@',
  '^@',
  '~',
  '~*',
]);
