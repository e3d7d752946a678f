import type { AggregateFunctionNode, OperationNode } from 'kysely';
import { byCodePoint, isUncollated } from './collations.js';
import { asText, type ExpressionType, isOwn } from './expression-type.js';
import { HIDDEN_ARGUMENTS, PICKING } from './expression-types.js';
import { NONE, NUMBERS } from './hidden-forms.js';
import { isContractType, valueTypeOf } from './operands.js';
import { toldByValue } from './orders.js';
import { textOf } from './scaled-numerics.js';
import { asNode, type Walk } from './walk.js';

const TOTALS: ReadonlySet<string> = new Set(['avg', 'sum']);
const EXTREMES: ReadonlySet<string> = new Set(['max', 'min']);

/** An aggregate or window function with the contract's result. @param made the call, with its parts transformed. */
export function aggregated(
  walk: Walk,
  node: AggregateFunctionNode,
  made: AggregateFunctionNode,
): AggregateFunctionNode {
  const name = node.func.toLowerCase();
  if (name === 'count') return counted(walk, node, made);
  const allowed = TOTALS.has(name)
    ? NUMBERS
    : PICKING.has(name)
      ? undefined
      : (HIDDEN_ARGUMENTS[name] ?? NONE);
  if (allowed !== undefined) walk.forms.refuse(node, node.aggregated, allowed, `given to ${node.func}()`);
  const [argument] = node.aggregated;
  const type = argument === undefined ? undefined : walk.types.of(argument);
  if (type === undefined) return made;
  const sorted = sortedByCodePoint(
    walk,
    node,
    HIDDEN_ARGUMENTS[name] === undefined ? made : asTexts(walk, node, made),
    type,
  );
  if (!isOwn(type)) return sorted;
  if (EXTREMES.has(name)) walk.forms.assertSorted(node, type);
  const given = withEncodedDefault(walk, node, sorted, type);
  return (TOTALS.has(name) || EXTREMES.has(name)) && !walk.forms.isDeclared
    ? replaced(walk, given, name, type)
    : given;
}

function sortedByCodePoint(
  walk: Walk,
  { aggregated: [argument], func }: AggregateFunctionNode,
  made: AggregateFunctionNode,
  type: ExpressionType,
): AggregateFunctionNode {
  const [first] = made.aggregated;
  const isSorted = EXTREMES.has(func.toLowerCase()) && argument !== undefined && first !== undefined;
  return isSorted && isUncollated(walk, argument, type)
    ? { ...made, aggregated: [byCodePoint(walk, first)] }
    : made;
}

/** The third argument of lag() and lead() is of the type of the first. */
function withEncodedDefault(
  walk: Walk,
  node: AggregateFunctionNode,
  made: AggregateFunctionNode,
  type: ExpressionType,
): AggregateFunctionNode {
  const [first, second, fallback] = made.aggregated;
  if (first === undefined || second === undefined || fallback === undefined) return made;
  const [argument, , other] = node.aggregated;
  const form = asText(type);
  const coerced = (each: OperationNode, given: OperationNode | undefined): OperationNode =>
    given === undefined ? each : walk.operands.coerced(each, walk.types.of(given), form);
  return {
    ...made,
    aggregated: [coerced(first, argument), second, coerced(walk.operands.encoded(fallback, form), other)],
  };
}

function replaced(
  walk: Walk,
  made: AggregateFunctionNode,
  name: string,
  type: ExpressionType,
): AggregateFunctionNode {
  if (type.name === 'whole' && EXTREMES.has(name)) return made;
  const isTold = type.name !== 'numeric' || type.scale !== undefined || made.distinct !== true;
  if (!isTold && walk.forms.isHidden(type) && TOTALS.has(name))
    throw walk.forms.untyped(
      made,
      type,
      `without a scale, so ${name}(distinct …) would add equal values of different scales`,
    );
  const valueType = isContractType(type) ? valueTypeOf(type) : ({ name: 'bigint' } as const);
  const expression = walk.sql.aggregate?.(made, valueType);
  return expression === undefined ? made : asNode(expression.toOperationNode());
}

/** The call with the text of numerics, for functions of text. */
function asTexts(
  walk: Walk,
  node: AggregateFunctionNode,
  made: AggregateFunctionNode,
): AggregateFunctionNode {
  const aggregated = made.aggregated.map((each, index) => {
    const given = node.aggregated[index];
    return given === undefined ? each : textOf(walk, given, each);
  });
  return { ...made, aggregated };
}

function counted(
  walk: Walk,
  node: AggregateFunctionNode,
  made: AggregateFunctionNode,
): AggregateFunctionNode {
  const [argument] = node.aggregated;
  const [only] = made.aggregated;
  if (node.distinct !== true || argument === undefined || only === undefined) return made;
  return { ...made, aggregated: [toldByValue(walk, argument, only)] };
}
