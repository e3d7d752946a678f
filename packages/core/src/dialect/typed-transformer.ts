import {
  type AggregateFunctionNode,
  AliasNode,
  AndNode,
  type BinaryOperationNode,
  CaseNode,
  type CastNode,
  type ColumnUpdateNode,
  DefaultInsertValueNode,
  type FunctionNode,
  type GroupByItemNode,
  IdentifierNode,
  type InsertQueryNode,
  JSONOperatorChainNode,
  type JSONReferenceNode,
  type OperationNode,
  OperationNodeTransformer,
  OperatorNode,
  type OrderByItemNode,
  type PartitionByItemNode,
  PrimitiveValueListNode,
  type QueryId,
  RawNode,
  SelectionNode,
  SelectQueryNode,
  TupleNode,
  type UnaryOperationNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
  WhenNode,
} from 'kysely';
import type { Catalog } from '../catalog/catalog.js';
import type { ArithmeticOperator, DatabaseSql } from '../driver/driver.js';
import { UnsupportedError, UsageError } from '../errors/usage-errors.js';
import type { ValuePlace } from '../values/check-value.js';
import type { ValueType, ValueTypeName } from '../values/value-type.js';
import {
  arithmeticType,
  commonType,
  type ExpressionType,
  isOwn,
  isWhole,
  NUMERIC,
} from './expression-type.js';
import {
  ARITHMETIC,
  COMPARISONS,
  ExpressionTypes,
  isNow,
  membersOf,
  operatorOf,
  PICKING,
  repeated,
  resultsOf,
  UNIFYING,
  unwrapped,
} from './expression-types.js';
import { asDouble, isContractType, Operands, WRAPPED } from './operands.js';
import { columnName, QueryScopes, selectedName, selectionsOf } from './query-scopes.js';
import { addResultTypes } from './result-types.js';
import { declaredType, expressionOf, isNative } from './typed-expression.js';
import { untypedExpression } from './untyped-expression.js';

/** The tables of a query. */
export interface TablesOfQuery {
  /** The tables that the query names. */
  readonly tables: ReadonlySet<string>;
  /** Tables of which it names a column that they do not have in the catalog, with a value whose type is therefore unknown. */
  readonly denied: ReadonlySet<string>;
}

/** A column whose type is one of the contract's. */
interface TypedColumn extends ValuePlace {
  readonly type: ValueType;
  readonly hasDefault: boolean;
}

/**
 * Makes a query mean the same on every engine: encodes the caller's values by the types of what they meet, and replaces operations on types that the engine
 * stores in another form. An operation is replaced by one on operands that are transformed already, so nothing is transformed twice.
 */
export class TypedValuesTransformer extends OperationNodeTransformer {
  readonly catalog: Catalog;
  readonly #sql: DatabaseSql;
  readonly #operands: Operands;
  #scopes: QueryScopes;
  #types: ExpressionTypes;
  #denied = new Set<string>();
  /** Whether the walk is inside of raw SQL whose type the application declared. */
  #isDeclared = false;

  constructor(catalog: Catalog, sql: DatabaseSql) {
    super();
    this.catalog = catalog;
    this.#sql = sql;
    this.#operands = new Operands(sql);
    this.#scopes = new QueryScopes(catalog, (node) => this.#types.of(node));
    this.#types = new ExpressionTypes(this.#scopes);
  }

  /** The tables of the query that was transformed. */
  takeNames(): TablesOfQuery {
    const names = { tables: this.#scopes.tables, denied: this.#denied };
    this.#scopes = new QueryScopes(this.catalog, (node) => this.#types.of(node));
    this.#types = new ExpressionTypes(this.#scopes);
    this.#denied = new Set();
    return names;
  }

  protected override transformNodeImpl<T extends OperationNode>(node: T, queryId?: QueryId): T {
    return this.#scopes.within(node, () => {
      const made = super.transformNodeImpl(node, queryId);
      const isResult = this.nodeStack.length === 1 && this.#sql.stored !== undefined;
      return isResult ? addResultTypes(made, node, this.#scopes, this.#types, this.#sql.stored) : made;
    });
  }

  protected override transformSelectQuery(node: SelectQueryNode): SelectQueryNode {
    if (this.#sql.stored === undefined) return super.transformSelectQuery(node);
    if (node.frontModifiers?.some(({ modifier }) => modifier === 'Distinct') === true)
      this.#assertDistinct(node, this.#scopes.columnsOf(node).values());
    if (node.setOperations === undefined) return super.transformSelectQuery(node);
    this.#assertSetOperations(node);
    return this.#isOrderedByValue(node) ? this.#wrapped(node) : super.transformSelectQuery(node);
  }

  protected override transformInsertQuery(node: InsertQueryNode): InsertQueryNode {
    const { columns, values } = node;
    if (columns === undefined || values === undefined || !ValuesNode.is(values))
      return super.transformInsertQuery(node);
    const targets = columns.map((column) => this.#typed(column) ?? this.#deny(column));
    const rows = values.values.map((row) => this.#insertedRow(row, targets));
    return super.transformInsertQuery({ ...node, values: ValuesNode.create(rows) });
  }

  protected override transformColumnUpdate(node: ColumnUpdateNode): ColumnUpdateNode {
    const target = this.#typed(node.column);
    if (target === undefined) {
      if (isGivenValue(node.value)) this.#deny(node.column);
      return super.transformColumnUpdate(node);
    }
    const value = this.#operands.assigned(node.value, target.type, target);
    const type = this.#types.of(value);
    const made = super.transformColumnUpdate({ ...node, value });
    return { ...made, value: this.#stored(made.value, value, type, target) };
  }

  protected override transformBinaryOperation(node: BinaryOperationNode): BinaryOperationNode {
    const operator = operatorOf(node);
    if (COMPARISONS.has(operator)) return this.#compared(node);
    if (ARITHMETIC.has(operator)) return this.#calculated(node, operator as ArithmeticOperator);
    if (operator === '||')
      this.#refuseHidden(node, [node.leftOperand, node.rightOperand], AS_TEXT, 'concatenated');
    return super.transformBinaryOperation(node);
  }

  protected override transformUnaryOperation(node: UnaryOperationNode): UnaryOperationNode {
    const { stored } = this.#sql;
    if (operatorOf(node) !== '-' || stored === undefined) return super.transformUnaryOperation(node);
    this.#refuseHidden(node, [node.operand], NUMBERS, 'negated');
    const operand = this.transformNode(node.operand);
    if (this.#types.of(node.operand)?.name !== 'numeric') return { ...node, operand };
    const zero = expressionOf(ValueNode.createImmediate('0'));
    return asNode(stored.calculated('-', zero, expressionOf(operand)).toOperationNode());
  }

  /** Adds the contract's position of NULLs (C2). It adds nothing to a column without NULLs, so that the engine can use any index for the order. */
  protected override transformOrderByItem(node: OrderByItemNode): OrderByItemNode {
    const select = this.nodeStack.at(-3);
    const aliased =
      select !== undefined && SelectQueryNode.is(select) ? aliasedBy(node.orderBy, select) : undefined;
    const nulls = node.nulls ?? (this.#mayBeNull(node, aliased) ? defaultNulls(node) : undefined);
    const made = super.transformOrderByItem(node);
    return {
      ...made,
      orderBy: this.#byValue(aliased ?? node.orderBy, made.orderBy),
      ...(nulls === undefined ? {} : { nulls }),
    };
  }

  protected override transformGroupByItem(node: GroupByItemNode): GroupByItemNode {
    const made = super.transformGroupByItem(node);
    return { ...made, groupBy: this.#told(this.#grouped(node.groupBy), made.groupBy) };
  }

  protected override transformPartitionByItem(node: PartitionByItemNode): PartitionByItemNode {
    const made = super.transformPartitionByItem(node);
    return { ...made, partitionBy: asNode(this.#told(node.partitionBy, made.partitionBy)) };
  }

  protected override transformFunction(node: FunctionNode): FunctionNode {
    const name = node.func.toLowerCase();
    if (UNIFYING.has(name)) return this.#unified(node, name);
    this.#refuseHidden(node, node.arguments, HIDDEN_ARGUMENTS[name] ?? NONE, `given to ${node.func}()`);
    return super.transformFunction(node);
  }

  protected override transformAggregateFunction(node: AggregateFunctionNode): AggregateFunctionNode {
    const name = node.func.toLowerCase();
    const made = super.transformAggregateFunction(node);
    const [argument] = node.aggregated;
    if (name === 'count') return this.#counted(node, made);
    const type = argument === undefined ? undefined : this.#types.of(argument);
    if (PICKING.has(name) || name === 'sum' || name === 'avg') {
      if (name === 'sum' || name === 'avg')
        this.#refuseHidden(node, node.aggregated, NUMBERS, `given to ${name}()`);
      const given = this.#withGivenArguments(node, made, type);
      return this.#aggregate(given, name, type) ?? given;
    }
    this.#refuseHidden(node, node.aggregated, HIDDEN_ARGUMENTS[name] ?? NONE, `given to ${node.func}()`);
    return made;
  }

  protected override transformCase(node: CaseNode): CaseNode {
    const type = this.#commonType(node, resultsOf(node), 'one of the results');
    const given = this.#encodedCase(node, type);
    const made = super.transformCase(given);
    const coerced = (result: OperationNode, before: OperationNode): OperationNode =>
      type === undefined ? result : this.#operands.coerced(result, this.#types.of(before), type);
    const compared = this.#comparedCase(given, made);
    return {
      ...compared,
      when: (compared.when ?? []).map((when, index) => {
        const before = given.when?.[index]?.result;
        return when.result === undefined || before === undefined
          ? when
          : { ...when, result: coerced(when.result, before) };
      }),
      ...(compared.else === undefined || given.else === undefined
        ? {}
        : { else: coerced(compared.else, given.else) }),
    };
  }

  protected override transformCast(node: CastNode): CastNode {
    const { stored } = this.#sql;
    const from = this.#types.of(node.expression);
    const to = this.#types.of(node);
    const made = super.transformCast(node);
    if (stored === undefined || from === undefined || to === undefined) return made;
    if (from.name === to.name && from.scale === to.scale) return asNode(made.expression);
    if (!(CASTS_OF_STORED[from.name as ValueTypeName]?.has(to.name) ?? true))
      throw untypedExpression(this.#sql, node, from.name, `cast to ${to.name}`);
    if (to.name === 'numeric' && (isWhole(from) || from.name === 'numeric')) {
      const numeric = this.#operands.coerced(made.expression, from, NUMERIC);
      return asNode(
        to.scale === undefined ? numeric : stored.rescaled(expressionOf(numeric), to.scale).toOperationNode(),
      );
    }
    if (from.name !== 'numeric' || !isWhole(to)) return made;
    return { ...made, expression: stored.rescaled(expressionOf(made.expression), 0).toOperationNode() };
  }

  protected override transformRaw(node: RawNode): RawNode {
    if (isNative(node)) return node;
    const { stored } = this.#sql;
    if (stored === undefined || !this.#scopes.isInQuery) return super.transformRaw(node);
    if (isNow(node)) return asNode(stored.now().toOperationNode());
    if (declaredType(node) === undefined) {
      if (repeated(node) === undefined) this.#refuseInRaw(node);
      return super.transformRaw(node);
    }
    const outer = this.#isDeclared;
    this.#isDeclared = true;
    try {
      return super.transformRaw(node);
    } finally {
      this.#isDeclared = outer;
    }
  }

  protected override transformJSONReference(node: JSONReferenceNode): JSONReferenceNode {
    const { traversal } = node;
    const { stored } = this.#sql;
    if (stored === undefined || !JSONOperatorChainNode.is(traversal) || traversal.operator.operator !== '->>')
      return super.transformJSONReference(node);
    const json = { ...node, traversal: { ...traversal, operator: OperatorNode.create('->') } };
    return asNode(stored.jsonText(expressionOf(super.transformJSONReference(json))).toOperationNode());
  }

  /** Encodes both sides of a comparison, and replaces those that do not compare by value. The column's length and precision do not apply. */
  #compared(node: BinaryOperationNode): BinaryOperationNode {
    const { leftOperand: left, operator, rightOperand: right } = node;
    if (TupleNode.is(left)) return this.#comparedTuples(node, left);
    const members = membersOf(right);
    const types = [left, ...members].map((operand) => this.#types.of(operand));
    const type = this.#typeOfComparison(node, types);
    if (type === undefined) return super.transformBinaryOperation(this.#noteUnknown(node));
    const [leftOperand, ...rest] = [left, ...members].map((operand, index) =>
      this.#side(operand, types[index], type),
    ) as [OperationNode, ...OperationNode[]];
    return {
      kind: 'BinaryOperationNode',
      operator: this.transformNode(operator),
      leftOperand,
      rightOperand: listAs(right, rest),
    };
  }

  /** The type in which the operands are compared; `undefined` when it is not known and does not matter. @throws UsageError `untyped_expression`. */
  #typeOfComparison(
    node: OperationNode,
    types: readonly (ExpressionType | undefined)[],
  ): ExpressionType | undefined {
    const common = commonType(types);
    if (common !== undefined) return isOwn(common) ? common : undefined;
    const own = types.filter(isOwn);
    const opaque = own.find(({ name }) => OPAQUE.has(name) && this.#isHidden(name));
    if (opaque !== undefined) {
      this.#noteUnknown(node);
      throw untypedExpression(
        this.#sql,
        node,
        opaque.name,
        'compared with what has another type, or none that is known',
      );
    }
    return own[0];
  }

  #side(node: OperationNode, from: ExpressionType | undefined, type: ExpressionType): OperationNode {
    const given = this.#operands.encoded(node, type);
    const made = this.transformNode(given);
    if (ValueNode.is(node)) return this.#operands.comparable(made, type);
    if (from === undefined || !isOwn(from)) return made;
    const query = unwrapped(node);
    if (SelectQueryNode.is(query) && this.#operands.isCompared(type) && this.#isInList()) {
      const column = this.#operands.comparableColumn(made as SelectQueryNode, query, type);
      if (column !== undefined && from.name === type.name) return column;
      throw untypedExpression(
        this.#sql,
        node,
        type.name,
        'the column of a sub-query that has no name of its own',
      );
    }
    const coerced = this.#operands.coerced(made, from, type);
    return coerced !== made || from.name === type.name ? this.#operands.comparable(coerced, type) : made;
  }

  #isInList(): boolean {
    const node = this.nodeStack.at(-1);
    return node?.kind === 'BinaryOperationNode' && /\bin$/.test(operatorOf(node as BinaryOperationNode));
  }

  #comparedTuples(node: BinaryOperationNode, left: TupleNode): BinaryOperationNode {
    const tuples = TupleNode.is(node.rightOperand) ? [node.rightOperand] : membersOf(node.rightOperand);
    const types = left.values.map((member) => this.#types.of(member));
    if (!tuples.every((tuple) => TupleNode.is(tuple))) {
      const hidden = types.find(
        (type) => type !== undefined && OPAQUE.has(type.name) && this.#isHidden(type.name),
      );
      if (hidden === undefined) return super.transformBinaryOperation(node);
      throw untypedExpression(this.#sql, node, hidden.name, 'compared with a sub-query of several columns');
    }
    const common = types.map((type, index) =>
      this.#typeOfComparison(node, [type, ...tuples.map((tuple) => this.#memberType(tuple, index))]),
    );
    const compared = (tuple: OperationNode): TupleNode =>
      TupleNode.create(
        (tuple as TupleNode).values.map((member, index) => {
          const type = common[index];
          return type === undefined
            ? this.transformNode(member)
            : this.#side(member, this.#types.of(member), type);
        }),
      );
    const [leftOperand, ...rest] = [left, ...tuples].map(compared) as [TupleNode, ...TupleNode[]];
    const rightOperand = TupleNode.is(node.rightOperand)
      ? (rest[0] as TupleNode)
      : listAs(node.rightOperand, rest);
    return { ...node, leftOperand, rightOperand };
  }

  #memberType(tuple: OperationNode, index: number): ExpressionType | undefined {
    const member = TupleNode.is(tuple) ? tuple.values[index] : undefined;
    return member === undefined ? undefined : this.#types.of(member);
  }

  #calculated(node: BinaryOperationNode, operator: ArithmeticOperator): BinaryOperationNode {
    const { stored } = this.#sql;
    const operands = [node.leftOperand, node.rightOperand];
    if (stored === undefined || this.#isDeclared) return super.transformBinaryOperation(node);
    this.#refuseHidden(node, operands, NUMBERS, 'added, subtracted, multiplied or divided');
    const types = operands.map((operand) => this.#types.of(operand));
    if (!types.some((type) => type?.name === 'numeric')) return super.transformBinaryOperation(node);
    const type = arithmeticType(types[0], types[1]);
    if (type === undefined)
      throw untypedExpression(
        this.#sql,
        node,
        'numeric',
        'calculated with what has another type, or none that is known',
      );
    if (type.name !== 'numeric') {
      const made = super.transformBinaryOperation(node);
      const [left, right] = [made.leftOperand, made.rightOperand].map((operand, index) =>
        types[index]?.name === 'numeric' ? asDouble(operand) : operand,
      ) as [OperationNode, OperationNode];
      return { ...made, leftOperand: left, rightOperand: right };
    }
    assertGrouped(node, operator);
    const [left, right] = operands.map((operand, index) => {
      const made = this.transformNode(this.#operands.encoded(operand, NUMERIC));
      return expressionOf(this.#operands.coerced(made, types[index], NUMERIC));
    }) as [ReturnType<typeof expressionOf>, ReturnType<typeof expressionOf>];
    return asNode(stored.calculated(operator, left, right).toOperationNode());
  }

  #unified(node: FunctionNode, name: string): FunctionNode {
    const type = this.#commonType(node, node.arguments, `one of the arguments of ${name}()`);
    if (type === undefined) return super.transformFunction(node);
    const members = node.arguments.map((argument) => {
      const made = this.transformNode(this.#operands.encoded(argument, type));
      return this.#operands.coerced(made, this.#types.of(argument), type);
    });
    const [first, second] = members;
    if (name !== 'nullif' || first === undefined || second === undefined || !this.#operands.isCompared(type))
      return { ...node, arguments: members };
    const [left, right] = [first, second].map((member) => this.#operands.comparable(member, type)) as [
      OperationNode,
      OperationNode,
    ];
    const isEqual = {
      kind: 'BinaryOperationNode',
      leftOperand: left,
      operator: OperatorNode.create('='),
      rightOperand: right,
    };
    const when = WhenNode.create(isEqual as BinaryOperationNode);
    return asNode({
      ...CaseNode.create(),
      when: [WhenNode.cloneWithResult(when, ValueNode.createImmediate(null))],
      else: first,
    } as CaseNode);
  }

  /** The common type of expressions of which one is the result. @throws UsageError `untyped_expression`. */
  #commonType(
    node: OperationNode,
    members: readonly OperationNode[],
    what: string,
  ): ExpressionType | undefined {
    const types = members.map((member) => this.#types.of(member));
    const common = commonType(types);
    if (common !== undefined) return isOwn(common) ? common : undefined;
    const hidden = types.find((type) => type !== undefined && this.#isHidden(type.name));
    if (hidden !== undefined)
      throw untypedExpression(
        this.#sql,
        node,
        hidden.name,
        `${what}, and another one has no known type, or a different one`,
      );
    return undefined;
  }

  #encodedCase(node: CaseNode, type: ExpressionType | undefined): CaseNode {
    if (type === undefined) return node;
    const when = (node.when ?? []).map((each) =>
      each.result === undefined ? each : { ...each, result: this.#operands.encoded(each.result, type) },
    );
    return {
      ...node,
      when,
      ...(node.else === undefined ? {} : { else: this.#operands.encoded(node.else, type) }),
    };
  }

  /** The comparisons of `case value when … then …`. */
  #comparedCase(given: CaseNode, made: CaseNode): CaseNode {
    if (given.value === undefined || made.value === undefined) return made;
    const conditions = (given.when ?? []).map(({ condition }) => condition);
    const types = [given.value, ...conditions].map((operand) => this.#types.of(operand));
    const type = this.#typeOfComparison(given, types);
    if (type === undefined) return made;
    return {
      ...made,
      value: this.#comparedMade(given.value, made.value, types[0], type),
      when: (made.when ?? []).map((when, index) => ({
        ...when,
        condition: this.#comparedMade(
          conditions[index] ?? when.condition,
          when.condition,
          types[index + 1],
          type,
        ),
      })),
    };
  }

  #comparedMade(
    given: OperationNode,
    made: OperationNode,
    from: ExpressionType | undefined,
    type: ExpressionType,
  ): OperationNode {
    const encoded = ValueNode.is(given) ? this.#operands.encoded(given, type) : made;
    return this.#operands.comparable(this.#operands.coerced(encoded, from, type), type);
  }

  /** Encodes what a window function is given beside its first argument, such as the default of lag(). */
  #withGivenArguments(
    node: AggregateFunctionNode,
    made: AggregateFunctionNode,
    type: ExpressionType | undefined,
  ): AggregateFunctionNode {
    const fallback = made.aggregated[2];
    if (node.aggregated.length < 3 || type === undefined || !isOwn(type) || fallback === undefined)
      return made;
    const [first, second] = made.aggregated as [OperationNode, OperationNode];
    return { ...made, aggregated: [first, second, this.#operands.encoded(fallback, type)] };
  }

  #aggregate(
    made: AggregateFunctionNode,
    name: string,
    type: ExpressionType | undefined,
  ): AggregateFunctionNode | undefined {
    if (type === undefined || !isOwn(type) || !AGGREGATES.has(name)) return undefined;
    if (type.name === 'whole' && (name === 'min' || name === 'max')) return undefined;
    const valueType = isContractType(type) ? { name: type.name } : ({ name: 'bigint' } as const);
    if (type.name === 'numeric' && type.scale === undefined && made.distinct === true)
      throw new UnsupportedError(
        `This driver does not tell equal numerics of different scales apart in ${name}(distinct …). Declare the scale of the column, or group by it in a sub-query.`,
      );
    const replaced = this.#sql.aggregate?.(made, valueType);
    return replaced === undefined ? undefined : asNode(replaced.toOperationNode());
  }

  #counted(node: AggregateFunctionNode, made: AggregateFunctionNode): AggregateFunctionNode {
    const [argument] = node.aggregated;
    const [counted] = made.aggregated;
    if (node.distinct !== true || argument === undefined || counted === undefined) return made;
    return { ...made, aggregated: [this.#told(argument, counted)] };
  }

  #insertedRow(row: ValuesItemNode, targets: readonly (TypedColumn | undefined)[]): ValuesItemNode {
    const members = rowMembers(row);
    if (members === undefined) return row;
    return ValueListNode.create(
      members.map((member, index) => {
        const target = targets[index];
        if (target === undefined) return member;
        // The row omits a column that other rows have. Without a default that means NULL; SQLite has no DEFAULT keyword here.
        if (DefaultInsertValueNode.is(member) && !target.hasDefault) return ValueNode.create(null);
        return this.#operands.assigned(member, target.type, target);
      }),
    );
  }

  /** An expression as the column stores it: a numeric with the column's scale. @throws UsageError `untyped_expression`. */
  #stored(
    made: OperationNode,
    given: OperationNode,
    type: ExpressionType | undefined,
    target: TypedColumn,
  ): OperationNode {
    const { stored } = this.#sql;
    if (stored === undefined || type === undefined || !isOwn(type)) return made;
    const { name, scale } = target.type;
    if (name === 'numeric' && (type.name === 'numeric' || isWhole(type))) {
      const numeric = this.#operands.coerced(made, type, NUMERIC);
      const isFitting = scale === undefined || (type.name === 'numeric' && type.scale === scale);
      return isFitting ? numeric : stored.rescaled(expressionOf(numeric), scale).toOperationNode();
    }
    if (type.name !== name && OPAQUE.has(type.name) && !AS_TEXT.has(type.name) && this.#isHidden(type.name))
      throw untypedExpression(
        this.#sql,
        given,
        type.name,
        `stored in "${target.table}"."${target.column}", which is ${name}`,
      );
    return made;
  }

  /** What sorts by value. @param given the expression before it was transformed; another one than `made` when `made` is its alias. */
  #byValue(given: OperationNode, made: OperationNode): OperationNode {
    const type = this.#types.of(given);
    if (!this.#operands.isCompared(type)) return made;
    const raw = unwrapped(given);
    if (RawNode.is(raw) && raw.sqlFragments.join('').trim() !== '' && declaredType(raw) === undefined) {
      const inner = repeated(raw);
      if (inner !== undefined && RawNode.is(made) && made.parameters[0] !== undefined)
        return { ...made, parameters: [this.#operands.comparable(made.parameters[0], type)] } as RawNode;
    }
    const isAlias = columnName(made) !== undefined && columnName(given) === undefined;
    return this.#operands.comparable(isAlias ? this.transformNode(given) : made, type);
  }

  /** What tells equal values from others: numerics of one scale are equal when their text is. */
  #told(given: OperationNode, made: OperationNode): OperationNode {
    const type = this.#types.of(given);
    if (type?.name === 'numeric' && type.scale !== undefined) return made;
    if (type === undefined || !this.#isHidden(type.name) || !this.#operands.isCompared(type)) return made;
    const isAlias = columnName(made) !== undefined && columnName(given) === undefined;
    return this.#operands.comparable(isAlias ? this.transformNode(given) : made, type);
  }

  /** The expression that GROUP BY names by its alias, where no column has the name. */
  #grouped(groupBy: OperationNode): OperationNode {
    const select = this.nodeStack.at(-3);
    if (select === undefined || !SelectQueryNode.is(select)) return groupBy;
    const name = columnName(groupBy);
    if (name === undefined || this.#scopes.find(name.column, name.table) !== undefined) return groupBy;
    return aliasedBy(groupBy, select) ?? groupBy;
  }

  #isOrderedByValue({ orderBy }: SelectQueryNode): boolean {
    return orderBy?.items.some((item) => this.#typeInSetOperation(item)) ?? false;
  }

  #typeInSetOperation({ orderBy }: OrderByItemNode): ExpressionType | undefined {
    const select = this.nodeStack.at(-1);
    const name = columnName(orderBy);
    if (select === undefined || name === undefined || name.table !== undefined) return undefined;
    const type = this.#scopes.columnsOf(select).get(name.column)?.type;
    return this.#operands.isCompared(type) ? type : undefined;
  }

  /** A UNION is ordered only by its columns, so an order by an expression is put around it. */
  #wrapped(node: SelectQueryNode): SelectQueryNode {
    const { orderBy, limit, offset, with: expressions, ...rest } = node;
    const inner = super.transformSelectQuery(rest);
    const items = (orderBy?.items ?? []).map((item) => {
      const type = this.#typeInSetOperation(item);
      const by = type === undefined ? item.orderBy : this.#operands.comparable(item.orderBy, type);
      return { ...item, orderBy: by, nulls: item.nulls ?? defaultNulls(item) };
    });
    const from = AliasNode.create(inner, IdentifierNode.create(WRAPPED));
    return {
      ...SelectQueryNode.createFrom([from]),
      selections: [SelectionNode.createSelectAll()],
      orderBy: { kind: 'OrderByNode', items },
      ...(limit === undefined ? {} : { limit: this.transformNode(limit) }),
      ...(offset === undefined ? {} : { offset: this.transformNode(offset) }),
      ...(expressions === undefined ? {} : { with: this.transformNode(expressions) }),
    };
  }

  /** @throws UsageError `untyped_expression` when two columns in one place have not the same type, and one is hidden. */
  #assertSetOperations(node: SelectQueryNode): void {
    const columns = [...this.#scopes.columnsOf(node).values()];
    for (const { all, expression } of node.setOperations ?? []) {
      const others = [...this.#scopes.columnsOf(unwrapped(expression)).values()];
      if (others.length !== columns.length) continue;
      for (const [index, { type }] of columns.entries()) {
        const other = others[index]?.type;
        if (
          commonType([type, other]) !== undefined &&
          (type?.name === other?.name || !isOwn(type) || !isOwn(other))
        )
          continue;
        const hidden = [type, other].find((each) => each !== undefined && this.#isHidden(each.name));
        if (hidden !== undefined)
          throw untypedExpression(
            this.#sql,
            expression,
            hidden.name,
            'in one column with what has another type, or none that is known',
          );
      }
      if (!all) this.#assertDistinct(node, [...columns, ...others]);
    }
  }

  /** @throws UnsupportedError for numerics of no fixed scale: the engine would tell 1.5 from 1.50. */
  #assertDistinct(
    node: OperationNode,
    columns: Iterable<{ readonly type: ExpressionType | undefined }>,
  ): void {
    for (const { type } of columns) {
      if (type?.name !== 'numeric' || type.scale !== undefined || !this.#isHidden('numeric')) continue;
      throw untypedExpression(
        this.#sql,
        node,
        'numeric',
        'without a scale, so equal values of different scales would both be in the result',
      );
    }
  }

  #refuseHidden(
    node: OperationNode,
    operands: readonly OperationNode[],
    allowed: ReadonlySet<string>,
    why: string,
  ): void {
    if (this.#sql.stored === undefined || this.#isDeclared) return;
    for (const operand of operands) {
      const type = this.#types.of(operand);
      if (type !== undefined && this.#isHidden(type.name) && !allowed.has(type.name))
        throw untypedExpression(this.#sql, node, type.name, why);
    }
  }

  /** Refuses raw SQL that is given a hidden type, or a query that returns one, unless it only asks whether there is a row. */
  #refuseInRaw(node: RawNode): void {
    if (this.#isDeclared) return;
    for (const [index, parameter] of node.parameters.entries()) {
      if (/\b(?:exists|is)\s*\(*\s*$/i.test(node.sqlFragments[index] ?? '')) continue;
      if (/^\s*\)*\s*is\s+(?:not\s+)?null\b/i.test(node.sqlFragments[index + 1] ?? '')) continue;
      const query = unwrapped(parameter);
      const types = SelectQueryNode.is(query)
        ? [...this.#scopes.columnsOf(query).values()].map(({ type }) => type)
        : [this.#types.of(parameter)];
      const hidden = types.find((type) => type !== undefined && this.#isHidden(type.name));
      if (hidden !== undefined) throw untypedExpression(this.#sql, node, hidden.name, 'given to raw SQL');
    }
  }

  #isHidden(name: string): boolean {
    return !this.#isDeclared && (this.#sql.stored?.hidden.has(name as ValueTypeName) ?? false);
  }

  #typed(node: OperationNode): TypedColumn | undefined {
    const name = columnName(node);
    const found = name === undefined ? undefined : this.#scopes.find(name.column, name.table);
    const stored = found?.stored;
    const place = found?.type?.place;
    if (stored?.type === undefined || place === undefined) return undefined;
    return { ...place, type: stored.type, hasDefault: stored.hasDefault };
  }

  /** Raw SQL without a separate direction may contain its own direction and position of NULLs; nothing is added to it. */
  #mayBeNull({ orderBy, direction }: OrderByItemNode, aliased: OperationNode | undefined): boolean {
    if (RawNode.is(orderBy) && direction === undefined) return false;
    const name = columnName(aliased ?? orderBy);
    return name === undefined || (this.#scopes.find(name.column, name.table)?.isNullable ?? true);
  }

  /** Notes which columns of a comparison with given values are unknown. Returns the comparison. */
  #noteUnknown<T extends OperationNode>(node: T): T {
    const { leftOperand, rightOperand } = node as unknown as BinaryOperationNode;
    if (leftOperand === undefined || rightOperand === undefined) return node;
    if (isGivenValue(rightOperand)) this.#deny(leftOperand);
    if (isGivenValue(leftOperand)) this.#deny(rightOperand);
    return node;
  }

  /** Notes that the type of a column is needed and that no known table has it. */
  #deny(node: OperationNode): undefined {
    const name = columnName(node);
    if (name === undefined) return undefined;
    for (const table of this.#scopes.denying(name.column, name.table)) this.#denied.add(table);
    return undefined;
  }
}

type ValuesItemNode = ValuesNode['values'][number];

const NONE: ReadonlySet<string> = new Set();
const NUMBERS: ReadonlySet<string> = new Set(['numeric']);
/** Types whose stored form is the text that PostgreSQL makes of a value. */
const AS_TEXT: ReadonlySet<string> = new Set(['date', 'numeric']);
/** Types that no expression of the engine's own gives in the stored form. */
const OPAQUE: ReadonlySet<string> = new Set(['numeric', 'timestamptz']);
const AGGREGATES: ReadonlySet<string> = new Set(['avg', 'max', 'min', 'sum']);

/** The hidden types that a function may be given, because it does the same with the stored form. */
const HIDDEN_ARGUMENTS: Readonly<Record<string, ReadonlySet<string> | undefined>> = {
  concat: AS_TEXT,
  date: new Set(['date']),
  group_concat: AS_TEXT,
  json_array_length: new Set(['json', 'jsonb']),
  string_agg: AS_TEXT,
};

/** What a hidden type may be cast to. */
const CASTS_OF_STORED: Readonly<Partial<Record<ValueTypeName, ReadonlySet<string>>>> = {
  boolean: new Set(['bigint', 'integer', 'smallint']),
  date: new Set(['text', 'varchar']),
  json: new Set(['json', 'jsonb', 'text', 'varchar']),
  jsonb: new Set(['json', 'jsonb', 'text', 'varchar']),
  numeric: new Set(['bigint', 'double precision', 'integer', 'numeric', 'smallint', 'text', 'varchar']),
  timestamptz: NONE,
};

const PRECEDENCE: Readonly<Record<ArithmeticOperator, number>> = { '%': 2, '*': 2, '+': 1, '-': 1, '/': 2 };

/** Kysely writes no parentheses, so SQL would group other operands than the query builder. @throws UsageError. */
function assertGrouped(node: BinaryOperationNode, operator: ArithmeticOperator): void {
  const strength = (operand: OperationNode): number =>
    operand.kind === 'BinaryOperationNode'
      ? (PRECEDENCE[operatorOf(operand as BinaryOperationNode) as ArithmeticOperator] ?? 0)
      : 3;
  if (
    strength(node.leftOperand) >= PRECEDENCE[operator] &&
    strength(node.rightOperand) > PRECEDENCE[operator]
  )
    return;
  throw new UsageError(
    'invalid_query',
    `The operands of "${operator}" are operations that SQL groups in another way. Put them in parentheses: \`eb.parens(…)\`.`,
  );
}

/** The expression of the selection that has this name as its alias. */
function aliasedBy(node: OperationNode, select: SelectQueryNode): OperationNode | undefined {
  const name = columnName(node);
  if (name === undefined || name.table !== undefined) return undefined;
  for (const { selection } of selectionsOf(select))
    if (AliasNode.is(selection) && selectedName(selection) === name.column) return selection.node;
  return undefined;
}

/** Kysely's types allow only the kind of node that was replaced, but its compiler takes any expression. */
function asNode<T extends OperationNode>(node: OperationNode): T {
  return node as T;
}

function listAs(right: OperationNode, members: readonly OperationNode[]): OperationNode {
  const [first, second] = members;
  if (PrimitiveValueListNode.is(right) || ValueListNode.is(right)) return ValueListNode.create(members);
  if (first === undefined) return right;
  return AndNode.is(right) && second !== undefined ? AndNode.create(first, second) : first;
}

/** Whether the node stands for values that the caller gave. */
function isGivenValue(node: OperationNode): boolean {
  if (AndNode.is(node)) return isGivenValue(node.left) || isGivenValue(node.right);
  if (ValueListNode.is(node)) return node.values.some(isGivenValue);
  return PrimitiveValueListNode.is(node) || (ValueNode.is(node) && node.value !== null && !node.immediate);
}

/** NULL sorts as if it were larger than every value. */
function defaultNulls({ direction }: OrderByItemNode): 'first' | 'last' {
  const text = direction !== undefined && RawNode.is(direction) ? direction.sqlFragments.join('') : '';
  return text.trim().toLowerCase() === 'desc' ? 'first' : 'last';
}

function rowMembers(row: OperationNode): readonly OperationNode[] | undefined {
  if (PrimitiveValueListNode.is(row)) return row.values.map((value) => ValueNode.create(value));
  return ValueListNode.is(row) ? row.values : undefined;
}
