import type {
  AggregateFunctionNode,
  BinaryOperationNode,
  CaseNode,
  CastNode,
  FunctionNode,
  OperationNode,
  RawNode,
} from 'kysely';
import type { ExpressionType } from './expression-type.js';
import { operatorOf, repeated, resultsOf, unwrapped } from './expression-types.js';
import { selectionsOf } from './query-scopes.js';
import { declaredType, expressionOf } from './typed-expression.js';
import type { Walk } from './walk.js';

/**
 * Whether an expression is text of which no column gives the order: computed from numbers, JSON or literals. An engine may sort it by the language of the
 * database; text of a column sorts as the column does.
 */
export function isUncollated(walk: Walk, node: OperationNode, type: ExpressionType | undefined): boolean {
  if (walk.sql.byCodePoint === undefined || type === undefined || !TEXTS.has(type.name)) return false;
  return !isCollated(walk, node);
}

/** What of which nothing else tells the type, such as a literal, is text. */
const TEXTS: ReadonlySet<string> = new Set(['given', 'text', 'varchar']);

/** Whether that holds of all of several operands of `type`. */
export function areUncollated(
  walk: Walk,
  nodes: readonly OperationNode[],
  type: ExpressionType | undefined,
): boolean {
  return nodes.every((node) => isUncollated(walk, node, type));
}

/** The text, sorted by code point. */
export function byCodePoint({ sql }: Walk, text: OperationNode): OperationNode {
  return sql.byCodePoint?.(expressionOf(text)).toOperationNode() ?? text;
}

/** Whether the text has the collation of a column, as PostgreSQL derives it (postgresql.org/docs/current/collation.html, 23.2.1). */
function isCollated(walk: Walk, node: OperationNode): boolean {
  const column = walk.scopes.named(node);
  if (column !== undefined)
    return column.stored !== undefined && (column.type?.name === 'text' || column.type?.name === 'varchar');
  // A number that is made of a text has no collation to hand on.
  const type = walk.types.of(node);
  if (type !== undefined && !TEXTS.has(type.name)) return false;
  const any = (nodes: readonly OperationNode[]): boolean => nodes.some((each) => isCollated(walk, each));
  switch (node.kind) {
    case 'FunctionNode':
      return any((node as FunctionNode).arguments);
    case 'AggregateFunctionNode':
      return any((node as AggregateFunctionNode).aggregated);
    case 'BinaryOperationNode': {
      const { leftOperand, rightOperand } = node as BinaryOperationNode;
      return operatorOf(node as BinaryOperationNode) === '||' && any([leftOperand, rightOperand]);
    }
    case 'CaseNode':
      return any(resultsOf(node as CaseNode));
    case 'CastNode':
      return isCollated(walk, (node as CastNode).expression);
    case 'SelectQueryNode':
      return walk.scopes.within(node, () => any(selectionsOf(node).slice(0, 1)));
    case 'RawNode': {
      const inner = repeated(node as RawNode);
      return inner === undefined ? declaredType(node as RawNode) === undefined : isCollated(walk, inner);
    }
    default: {
      const inner = unwrapped(node);
      return inner !== node && isCollated(walk, inner);
    }
  }
}
