import type { OperationNode } from 'kysely';
import type { DatabaseSql } from '../driver/driver.js';
import type { ExpressionTypes } from './expression-types.js';
import type { HiddenForms } from './hidden-forms.js';
import type { Operands } from './operands.js';
import type { QueryScopes } from './query-scopes.js';

/** What the parts of a walk through a query's tree share. */
export interface Walk {
  readonly sql: DatabaseSql;
  readonly scopes: QueryScopes;
  /** Gives the types of expressions as they were before they were transformed. */
  readonly types: ExpressionTypes;
  readonly operands: Operands;
  readonly forms: HiddenForms;
  /** Transforms a part of the query. */
  transform<T extends OperationNode>(node: T): T;
  /** The node that is being transformed, for 0, and those around it. */
  around(distance: number): OperationNode | undefined;
  /** Notes that the type of a column is needed and that no known table has it, when the node is one. */
  deny(node: OperationNode): undefined;
}

/** Kysely's types allow only the kind of node that is replaced, but its compiler takes any expression. */
export function asNode<T extends OperationNode>(node: OperationNode): T {
  return node as T;
}
