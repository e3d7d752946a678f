import { type Expression, ExpressionWrapper, FunctionNode, ValueNode } from 'kysely';

/** The call of a function of the engine. It is a node that core knows not to write, so that the query remains one that only reads. */
export function functionCall(name: string, ...operands: readonly Expression<unknown>[]): Expression<unknown> {
  return new ExpressionWrapper(
    FunctionNode.create(
      name,
      operands.map((operand) => operand.toOperationNode()),
    ),
  );
}

/** A text in the query itself, not among its parameters. */
export function textLiteral(text: string): Expression<string> {
  return new ExpressionWrapper(ValueNode.createImmediate(text));
}
