import { type Expression, ExpressionWrapper, FunctionNode } from 'kysely';
import { textLiteral } from '../driver/function-call.js';

/** The functions that core translates for each engine. No engine has functions of these names, so that one that is not translated is refused. */
export type PortableName =
  | 'sluice_add_ms'
  | 'sluice_bucket'
  | 'sluice_date_part'
  | 'sluice_duration_ms'
  | 'sluice_json_array'
  | 'sluice_json_object'
  | 'sluice_now'
  | 'sluice_percentile';

/** The call of a function that core translates. It passes through every plugin. */
export function portableCall<T>(
  name: PortableName,
  operands: readonly (Expression<unknown> | string)[],
): ExpressionWrapper<never, never, T> {
  const nodes = operands.map((operand) =>
    (typeof operand === 'string' ? textLiteral(operand) : operand).toOperationNode(),
  );
  return new ExpressionWrapper(FunctionNode.create(name, nodes));
}
