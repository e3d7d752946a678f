import {
  type AggregateFunctionNode,
  type BinaryOperationNode,
  type CaseNode,
  type CastNode,
  type ColumnUpdateNode,
  CreateIndexNode,
  type CreateTableNode,
  type CreateViewNode,
  type FunctionNode,
  type GroupByItemNode,
  type InsertQueryNode,
  JSONOperatorChainNode,
  type JSONReferenceNode,
  type OperationNode,
  OperationNodeTransformer,
  OperatorNode,
  type OrderByItemNode,
  type PartitionByItemNode,
  type QueryId,
  type RawNode,
  type ReferenceNode,
  type SelectionNode,
  type SelectQueryNode,
  type UnaryOperationNode,
  ValueNode,
  ValuesNode,
} from 'kysely';
import type { Catalog } from '../catalog/catalog.js';
import type { DatabaseSql } from '../driver/driver.js';
import { assertPattern } from '../values/like-pattern.js';
import { aggregated } from './aggregations.js';
import { extreme, unified, unifiedCase } from './alternatives.js';
import {
  assigned,
  assignedArray,
  insertedNumerics,
  insertedQuery,
  insertedRow,
  typedColumn,
} from './assignments.js';
import { calculated, cast, negated } from './calculations.js';
import { comparedTimes } from './compared-times.js';
import { compared, comparedByCodePoint, isGivenValue } from './comparisons.js';
import { emptyList } from './empty-lists.js';
import { NUMERIC, TEXT } from './expression-type.js';
import {
  ARITHMETIC,
  COMPARISONS,
  ExpressionTypes,
  HIDDEN_ARGUMENTS,
  isNow,
  operatorOf,
  repeated,
  UNIFYING,
} from './expression-types.js';
import { AS_TEXT, HiddenForms, NONE } from './hidden-forms.js';
import { Operands } from './operands.js';
import { byValue, groupedBy, mayBeNull, nullsOf, orderedByAlias, toldByValue } from './orders.js';
import { transactionTime, translated } from './portable-calls.js';
import { isPortable, isRelation } from './portable-results.js';
import { groupedByPosition, orderedByNames } from './positions.js';
import { columnName, QueryScopes } from './query-scopes.js';
import { assertNotCombined, kyselyRelation, type Relations, relationsOf } from './relations.js';
import { addResultTypes } from './result-types.js';
import { combinedForms, keptAsText, textOf } from './scaled-numerics.js';
import { selectedType, typedSelection } from './selected-values.js';
import { assertSameForms, isOrderedByValue, orderedAround } from './set-operations.js';
import { declaredType, expressionOf, isNative } from './typed-expression.js';
import { asNode, type Walk } from './walk.js';

const IS: ReadonlySet<string> = new Set(['is', 'is not']);

const LIKES: ReadonlySet<string> = new Set(['ilike', 'like', 'not ilike', 'not like']);

function isText(node: OperationNode): boolean {
  return (
    ValueNode.is(node) && node.immediate !== true && (node.value === null || typeof node.value === 'string')
  );
}

/** The tables of a query. */
export interface TablesOfQuery {
  /** The tables that the query names. */
  readonly tables: ReadonlySet<string>;
  /** Tables of which it names a column that they do not have in the catalog, with a value whose type is therefore unknown. */
  readonly denied: ReadonlySet<string>;
  /** The columns of its result that are JSON which core made of rows. */
  readonly relations: Relations | undefined;
}

/**
 * Makes a query mean the same on every engine: encodes the caller's values by the types of what they meet, and replaces operations on types that the engine
 * stores in another form. An operation is replaced by one on operands that are transformed already, so nothing is transformed twice.
 */
export class TypedValuesTransformer extends OperationNodeTransformer {
  readonly catalog: Catalog;
  readonly #sql: DatabaseSql;
  readonly #scopes: QueryScopes;
  readonly #types: ExpressionTypes;
  readonly #walk: Walk;
  #denied = new Set<string>();
  #hasRelations = false;
  #relations: Relations | undefined;

  constructor(catalog: Catalog, sql: DatabaseSql) {
    super();
    this.catalog = catalog;
    this.#sql = sql;
    this.#scopes = new QueryScopes(catalog, (node) => selectedType(this.#types, node));
    this.#types = new ExpressionTypes(this.#scopes);
    this.#walk = {
      sql,
      scopes: this.#scopes,
      types: this.#types,
      operands: new Operands(sql),
      forms: new HiddenForms(sql, this.#types, this.#scopes),
      transform: (node) => this.transformNode(node),
      around: (distance) => this.nodeStack.at(-1 - distance),
      deny: (node) => this.#deny(node),
    };
  }

  /** The tables of the query that was transformed. */
  takeNames(): TablesOfQuery {
    const names = { tables: this.#scopes.takeTables(), denied: this.#denied, relations: this.#relations };
    this.#denied = new Set();
    this.#hasRelations = false;
    this.#relations = undefined;
    return names;
  }

  protected override transformNodeImpl<T extends OperationNode>(node: T, queryId?: QueryId): T {
    return this.#scopes.within(node, () => {
      const made = super.transformNodeImpl(node, queryId);
      if (this.nodeStack.length > 1) return made;
      if (this.#hasRelations) this.#relations = relationsOf(this.#scopes, node);
      return addResultTypes(this.#walk, made, node);
    });
  }

  protected override transformSelectQuery(node: SelectQueryNode): SelectQueryNode {
    const made = this.#select(orderedByNames(this.#walk, node));
    if (this.#hasRelations) assertNotCombined(this.#scopes, node);
    return made;
  }

  protected override transformSelection(node: SelectionNode): SelectionNode {
    return typedSelection(this.#walk, node, super.transformSelection(node));
  }

  #select(node: SelectQueryNode): SelectQueryNode {
    if (this.#sql.stored !== undefined) assertSameForms(this.#walk, node);
    return isOrderedByValue(this.#walk, node)
      ? orderedAround(this.#walk, node, (inner) => this.#combined(inner))
      : this.#combined(node);
  }

  #combined(node: SelectQueryNode): SelectQueryNode {
    const made = super.transformSelectQuery(node);
    if (this.#sql.stored === undefined || node.setOperations === undefined) return made;
    return combinedForms(this.#walk, node, made);
  }

  protected override transformCreateView(node: CreateViewNode): CreateViewNode {
    const made = super.transformCreateView(node);
    if (this.#sql.stored === undefined || node.as === undefined || made.as === undefined) return made;
    return { ...made, as: asNode(keptAsText(this.#walk, node.as, made.as, true)) };
  }

  protected override transformCreateTable(node: CreateTableNode): CreateTableNode {
    const made = super.transformCreateTable(node);
    const { selectQuery } = made;
    if (this.#sql.stored === undefined || node.selectQuery === undefined || selectQuery === undefined)
      return made;
    return { ...made, selectQuery: asNode(keptAsText(this.#walk, node.selectQuery, selectQuery, false)) };
  }

  /** In raw SQL of a declared type a numeric is decimal text. */
  protected override transformReference(node: ReferenceNode): ReferenceNode {
    const made = super.transformReference(node);
    if (!this.#scopes.isDeclared) return made;
    const name = columnName(node);
    const type = name && this.#scopes.find(name.column, name.table)?.type;
    return type?.isScaled === true ? asNode(this.#walk.operands.coerced(made, type, NUMERIC)) : made;
  }

  protected override transformInsertQuery(node: InsertQueryNode): InsertQueryNode {
    const { columns, values } = node;
    if (values === undefined || columns === undefined || !ValuesNode.is(values)) {
      const made = super.transformInsertQuery(node);
      return made.values === undefined || ValuesNode.is(made.values)
        ? made
        : { ...made, values: insertedQuery(this.#walk, node, made.values) };
    }
    const targets = columns.map((column) => typedColumn(this.#walk, column) ?? this.#deny(column));
    const rows = values.values.map((row) => insertedRow(this.#walk, row, columns, targets));
    const made = super.transformInsertQuery({ ...node, values: ValuesNode.create(rows) });
    if (this.#sql.stored === undefined || made.values === undefined || !ValuesNode.is(made.values))
      return made;
    const stored = made.values.values.map((row, index) =>
      insertedNumerics(this.#walk, rows[index] ?? row, row, targets),
    );
    return { ...made, values: ValuesNode.create(stored) };
  }

  protected override transformColumnUpdate(node: ColumnUpdateNode): ColumnUpdateNode {
    const target = typedColumn(this.#walk, node.column);
    if (target === undefined) {
      if (isGivenValue(node.value)) this.#deny(node.column);
      return super.transformColumnUpdate({
        ...node,
        value: assignedArray(this.#walk, node.column, node.value),
      });
    }
    const value = this.#walk.operands.assigned(node.value, target.type, target);
    const made = super.transformColumnUpdate({ ...node, value });
    return { ...made, value: assigned(this.#walk, value, made.value, target) };
  }

  protected override transformBinaryOperation(node: BinaryOperationNode): BinaryOperationNode {
    return asNode(this.#operation(node) ?? super.transformBinaryOperation(node));
  }

  #operation(node: BinaryOperationNode): OperationNode | undefined {
    const operator = operatorOf(node);
    const times = this.#sql.milliseconds === undefined ? undefined : comparedTimes(this.#walk, node);
    if (times !== undefined) return times;
    const empty = emptyList(node);
    if (empty !== undefined) return empty;
    if (COMPARISONS.has(operator)) {
      const made = compared(this.#walk, node) ?? super.transformBinaryOperation(node);
      return comparedByCodePoint(this.#walk, node, made);
    }
    if (ARITHMETIC.has(operator)) return calculated(this.#walk, node);
    const operands = [node.leftOperand, node.rightOperand];
    if (LIKES.has(operator) && ValueNode.is(node.rightOperand) && typeof node.rightOperand.value === 'string')
      assertPattern(node.rightOperand.value);
    if (operator === '||') this.#walk.forms.refuse(node, operands, AS_TEXT, 'concatenated');
    if (IS.has(operator)) return undefined;
    const made = super.transformBinaryOperation(node);
    return {
      ...made,
      leftOperand: textOf(this.#walk, node.leftOperand, made.leftOperand),
      rightOperand: textOf(this.#walk, node.rightOperand, made.rightOperand),
    } as BinaryOperationNode;
  }

  protected override transformUnaryOperation(node: UnaryOperationNode): UnaryOperationNode {
    const made = operatorOf(node) === '-' ? negated(this.#walk, node) : undefined;
    return asNode(made ?? super.transformUnaryOperation(node));
  }

  /** Adds the contract's position of NULLs (C2). It adds nothing to a column without NULLs, so that the engine can use any index for the order. */
  protected override transformOrderByItem(node: OrderByItemNode): OrderByItemNode {
    const around = this.#walk.around(1);
    // The columns of an index have an order too. NULLs and stored forms lie in it as the engine puts them.
    if (around !== undefined && CreateIndexNode.is(around)) return super.transformOrderByItem(node);
    const aliased = orderedByAlias(this.#walk, node.orderBy);
    const nulls = mayBeNull(this.#walk, node, aliased) ? nullsOf(node) : node.nulls;
    const made = super.transformOrderByItem(node);
    const orderBy = byValue(this.#walk, node, made.orderBy, aliased);
    return { ...made, orderBy, ...(nulls === undefined ? {} : { nulls }) };
  }

  protected override transformGroupByItem(node: GroupByItemNode): GroupByItemNode {
    const made = super.transformGroupByItem(node);
    const numbered = groupedByPosition(this.#walk.around(2), node.groupBy);
    if (numbered !== undefined) {
      const transformed = this.transformNode(numbered);
      const told = toldByValue(this.#walk, numbered, transformed);
      return told === transformed ? made : { ...made, groupBy: told };
    }
    return { ...made, groupBy: toldByValue(this.#walk, groupedBy(this.#walk, node.groupBy), made.groupBy) };
  }

  protected override transformPartitionByItem(node: PartitionByItemNode): PartitionByItemNode {
    const made = super.transformPartitionByItem(node);
    return { ...made, partitionBy: asNode(toldByValue(this.#walk, node.partitionBy, made.partitionBy)) };
  }

  protected override transformFunction(node: FunctionNode): FunctionNode {
    if (isPortable(node.func)) return asNode(this.#portable(node));
    const name = node.func.toLowerCase();
    if (UNIFYING.has(name)) {
      const made = unified(this.#walk, node) ?? super.transformFunction(node);
      return asNode(extreme(this.#walk, node, made));
    }
    const allowed = HIDDEN_ARGUMENTS[name] ?? NONE;
    this.#walk.forms.refuse(node, node.arguments, allowed, `given to ${node.func}()`);
    const given = super.transformFunction(node);
    const made = {
      ...given,
      arguments: given.arguments.map((each, index) =>
        textOf(this.#walk, node.arguments[index] ?? each, each),
      ),
    };
    if (name !== 'concat') return made;
    // It takes values of any type, so nothing else tells the engine that of a given text.
    const told = made.arguments.map((each) => (isText(each) ? this.#walk.operands.cast(each, TEXT) : each));
    return { ...made, arguments: told };
  }

  protected override transformAggregateFunction(node: AggregateFunctionNode): AggregateFunctionNode {
    return aggregated(this.#walk, node, super.transformAggregateFunction(node));
  }

  protected override transformCase(node: CaseNode): CaseNode {
    return unifiedCase(this.#walk, node, (given) => super.transformCase(given));
  }

  protected override transformCast(node: CastNode): CastNode {
    return cast(this.#walk, node, super.transformCast(node));
  }

  protected override transformRaw(node: RawNode): RawNode {
    if (isNative(node)) return node;
    const relation = kyselyRelation(node);
    if (relation !== undefined && this.#sql.functions !== undefined) return asNode(this.#portable(relation));
    const { stored } = this.#sql;
    if (stored === undefined || !this.#scopes.isInQuery) return super.transformRaw(node);
    if (isNow(node)) return asNode(transactionTime(this.#walk));
    if (this.#walk.forms.isDeclared || repeated(node) === undefined) this.#walk.forms.refuseNamed(node);
    if (declaredType(node) !== undefined) return this.#walk.forms.declared(() => super.transformRaw(node));
    if (repeated(node) === undefined) this.#walk.forms.refuseInRaw(node);
    return super.transformRaw(node);
  }

  protected override transformJSONReference(node: JSONReferenceNode): JSONReferenceNode {
    const { traversal } = node;
    const { stored } = this.#sql;
    const isText = JSONOperatorChainNode.is(traversal) && traversal.operator.operator === '->>';
    if (stored === undefined || !isText) return super.transformJSONReference(node);
    const json = { ...node, traversal: { ...traversal, operator: OperatorNode.create('->') } };
    const type = this.#types.of(json)?.name === 'jsonb' ? 'jsonb' : 'json';
    return asNode(stored.jsonText(expressionOf(super.transformJSONReference(json)), type).toOperationNode());
  }

  #portable(node: FunctionNode): OperationNode {
    this.#hasRelations ||= isRelation(node.func);
    return translated(this.#walk, node);
  }

  #deny(node: OperationNode): undefined {
    const name = columnName(node);
    if (name === undefined) return undefined;
    for (const table of this.#scopes.denying(name.column, name.table)) this.#denied.add(table);
    return undefined;
  }
}
