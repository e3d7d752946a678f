import { type Expression, type FunctionNode, type OperationNode, SelectQueryNode, ValueNode } from 'kysely';
import type { DatePart, PortableFunctions, TimeUnit } from '../driver/portable-functions.js';
import { UnsupportedError, UsageError } from '../errors/usage-errors.js';
import type { PortableName } from '../functions/portable-call.js';
import { TRANSACTION_TIME } from '../transaction/transaction-time.js';
import { byCodePoint, isUncollated } from './collations.js';
import { type ExpressionType, isJson, isOwn, isUnscaled, isWhole, TIMESTAMPTZ } from './expression-type.js';
import { relationOf } from './relations.js';
import { expressionOf } from './typed-expression.js';
import type { Walk } from './walk.js';

/** The time of the transaction in the engine's SQL. */
export function transactionTime({ sql }: Walk): OperationNode {
  return sql.functions?.now?.().toOperationNode() ?? ValueNode.create(TRANSACTION_TIME);
}

/** A call of one of core's functions in the engine's SQL. @throws UnsupportedError, UsageError `untyped_expression`, ValueError. */
export function translated(walk: Walk, node: FunctionNode): OperationNode {
  const { functions } = walk.sql;
  if (functions === undefined) throw new UnsupportedError(`This driver does not offer ${nameOf(node)}().`);
  return CALLS[node.func as PortableName](new Call(walk, node, functions));
}

const CALLS: Readonly<Record<PortableName, (call: Call) => OperationNode>> = {
  sluice_add_ms: (call) => call.made(call.functions.addMs(call.time(0), call.whole(1))),
  sluice_bucket: (call) => call.made(call.functions.bucket(call.text(0) as TimeUnit, call.time(1))),
  sluice_date_part: (call) => {
    const type = call.type(1)?.name === 'date' ? 'date' : 'timestamptz';
    const value = type === 'date' ? call.operand(1) : call.time(1);
    return call.made(call.functions.datePart(call.text(0) as DatePart, value, type));
  },
  sluice_duration_ms: (call) => call.made(call.functions.durationMs(call.time(0), call.time(1))),
  sluice_json_array: (call) => call.relation(),
  sluice_json_object: (call) => call.relation(),
  sluice_now: (call) => transactionTime(call.walk),
  sluice_percentile: (call) =>
    call.made(call.functions.percentile(call.number(0), call.sorted(1), isUnscaled(call.type(1)))),
};

/** One call: its arguments, checked and transformed. */
class Call {
  readonly walk: Walk;
  readonly functions: PortableFunctions;
  readonly #node: FunctionNode;

  constructor(walk: Walk, node: FunctionNode, functions: PortableFunctions) {
    this.walk = walk;
    this.#node = node;
    this.functions = functions;
  }

  made(expression: Expression<unknown>): OperationNode {
    return expression.toOperationNode();
  }

  type(index: number): ExpressionType | undefined {
    return this.walk.types.of(this.#argument(index));
  }

  text(index: number): string {
    const argument = this.#argument(index);
    return ValueNode.is(argument) ? String(argument.value) : '';
  }

  number(index: number): number {
    return Number(this.text(index));
  }

  /** An argument of any type that has an order. */
  sorted(index: number): Expression<unknown> {
    this.#expect(index, 'value that can be sorted', (type) => !isJson(type));
    const argument = this.#argument(index);
    const type = this.type(index);
    const made = this.walk.transform(argument);
    return expressionOf(isUncollated(this.walk, argument, type) ? byCodePoint(this.walk, made) : made);
  }

  operand(index: number): Expression<unknown> {
    return expressionOf(this.walk.transform(this.#argument(index)));
  }

  time(index: number): Expression<unknown> {
    this.#expect(index, TIMESTAMPTZ.name, (type) => type.name === TIMESTAMPTZ.name);
    const argument = this.#argument(index);
    const made = this.walk.transform(this.walk.operands.encoded(argument, TIMESTAMPTZ));
    return expressionOf(ValueNode.is(argument) ? this.walk.operands.cast(made, TIMESTAMPTZ) : made);
  }

  whole(index: number): Expression<unknown> {
    this.#expect(index, 'whole number', isWhole);
    return this.operand(index);
  }

  relation(): OperationNode {
    const query = this.#argument(0);
    const relation = SelectQueryNode.is(query) ? relationOf(this.walk, query) : undefined;
    if (relation === undefined)
      throw new UsageError(
        'untyped_expression',
        `${nameOf(this.#node)}() is given a query of which not every column is known. Name its columns, each once.`,
      );
    const isArray = this.#node.func === ('sluice_json_array' satisfies PortableName);
    const columns = [...relation].map(([name, type]) => ({
      name,
      type: type !== undefined && isOwn(type) ? (type.name as 'whole') : undefined,
      scale: type?.isScaled === true ? type.scale : undefined,
    }));
    return this.made(this.functions.jsonRows(this.operand(0), columns, isArray));
  }

  #argument(index: number): OperationNode {
    return this.#node.arguments[index] ?? ValueNode.createImmediate(null);
  }

  #expect(index: number, what: string, isExpected: (type: ExpressionType) => boolean): void {
    const type = this.type(index);
    if (type !== undefined && (!isOwn(type) || isExpected(type))) return;
    this.walk.deny(this.#argument(index));
    throw new UsageError(
      'untyped_expression',
      `${nameOf(this.#node)}() takes a ${what}, and is given ${type === undefined ? 'an expression whose type is not known. Declare it by `typed(…)`' : `a ${type.name}`}.`,
    );
  }
}

/** The name by which the application calls the function. */
function nameOf({ func }: FunctionNode): string {
  return NAMES[func as PortableName];
}

const NAMES: Readonly<Record<PortableName, string>> = {
  sluice_add_ms: 'addMs',
  sluice_bucket: 'bucket',
  sluice_date_part: 'datePart',
  sluice_duration_ms: 'durationMs',
  sluice_json_array: 'jsonArrayFrom',
  sluice_json_object: 'jsonObjectFrom',
  sluice_now: 'now',
  sluice_percentile: 'percentile',
};
