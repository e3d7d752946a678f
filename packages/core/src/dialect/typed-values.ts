import {
  type AggregateFunctionNode,
  AndNode,
  type BinaryOperationNode,
  ColumnNode,
  type ColumnUpdateNode,
  DefaultInsertValueNode,
  type Expression,
  ExpressionWrapper,
  type InsertQueryNode,
  type KyselyPlugin,
  type OperationNode,
  OperationNodeTransformer,
  OperatorNode,
  type OrderByItemNode,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  PrimitiveValueListNode,
  type QueryId,
  type QueryResult,
  RawNode,
  ReferenceNode,
  type RootOperationNode,
  type UnknownRow,
  ValueListNode,
  ValueNode,
  ValuesNode,
} from 'kysely';
import type { Catalog } from '../catalog/catalog.js';
import type { AggregateName, DatabaseSql } from '../driver/driver.js';
import { ValueError } from '../errors/data-errors.js';
import { UnsupportedError } from '../errors/usage-errors.js';
import { checkValue, type ValuePlace } from '../values/check-value.js';
import type { ValueType } from '../values/value-type.js';
import { type FoundColumn, TableScopes } from './table-scopes.js';

/** How a plain query was made: what it is made of again when a table has changed. */
export interface MadeQuery {
  /** The query with the caller's values, as it was given to the plugin. */
  readonly given: RootOperationNode;
  /** The query with encoded values. */
  readonly node: RootOperationNode;
  /** The tables by whose types the values were encoded. */
  readonly catalog: Catalog;
  /** The tables that the query names. */
  readonly tables: ReadonlySet<string>;
  /** Tables of which it names a column that they do not have in `catalog`, with a value whose type is therefore unknown. */
  readonly denied: ReadonlySet<string>;
  /** The error with which a value was refused; the values are then not encoded. */
  readonly refusal: unknown;
}

/**
 * Applies the contract's rules for values (C1) to plain Kysely queries. It checks and encodes every value that is inserted into a column, assigned
 * to it or compared with it by the column's type, exactly as a repository does. Values of columns that the catalog does not contain are bound by the driver,
 * unchecked.
 */
export class TypedValuesPlugin implements KyselyPlugin {
  readonly #catalog: () => Catalog;
  readonly #sql: DatabaseSql;
  /** Reused by the queries of one catalog, because creating Kysely's transformer is expensive. */
  #transformer: TypedValuesTransformer | undefined;

  /** @param catalog returns the tables as last read. */
  constructor(catalog: () => Catalog, sql: DatabaseSql) {
    this.#catalog = catalog;
    this.#sql = sql;
  }

  /** @throws ValueError. */
  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    const made = this.make(node, queryId, this.#catalog());
    if (made.refusal !== undefined) throw made.refusal;
    return made.node;
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return result;
  }

  /** Encodes the values by the types of these tables. */
  protected make(given: RootOperationNode, queryId: QueryId, catalog: Catalog): MadeQuery {
    if (this.#transformer?.catalog !== catalog)
      this.#transformer = new TypedValuesTransformer(catalog, this.#sql);
    const transformer = this.#transformer;
    try {
      const node = transformer.transformNode(given, queryId);
      return { given, node, catalog, ...transformer.takeNames(), refusal: undefined };
    } catch (error) {
      // The transformer still has the state of this query's tree.
      this.#transformer = undefined;
      if (!(error instanceof ValueError)) throw error;
      return { given, node: given, catalog, ...transformer.takeNames(), refusal: error };
    }
  }
}

/** A column whose type is one of the contract's. */
interface TypedColumn extends ValuePlace {
  readonly type: ValueType;
  readonly hasDefault: boolean;
}

const COMPARISONS: ReadonlySet<string> = new Set([
  '!=',
  '<',
  '<=',
  '<>',
  '=',
  '==',
  '>',
  '>=',
  'between',
  'in',
  'is distinct from',
  'is not distinct from',
  'not in',
]);

class TypedValuesTransformer extends OperationNodeTransformer {
  readonly catalog: Catalog;
  readonly #sql: DatabaseSql;
  #scopes: TableScopes;
  #denied = new Set<string>();

  constructor(catalog: Catalog, sql: DatabaseSql) {
    super();
    this.catalog = catalog;
    this.#scopes = new TableScopes(catalog);
    this.#sql = sql;
  }

  /** The tables of the query that was transformed, for its {@link MadeQuery}. */
  takeNames(): Pick<MadeQuery, 'denied' | 'tables'> {
    const names = { tables: this.#scopes.tables, denied: this.#denied };
    this.#scopes = new TableScopes(this.catalog);
    this.#denied = new Set();
    return names;
  }

  protected override transformNodeImpl<T extends OperationNode>(node: T): T {
    return this.#scopes.within(node, () => super.transformNodeImpl(node));
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
    const column = this.#typed(node.column);
    if (column === undefined && isGivenValue(node.value)) this.#deny(node.column);
    const value = column === undefined ? node.value : this.#encoded(node.value, column, column.type);
    return super.transformColumnUpdate({ ...node, value });
  }

  protected override transformBinaryOperation(node: BinaryOperationNode): BinaryOperationNode {
    const column = this.#typed(node.leftOperand) ?? this.#typed(node.rightOperand);
    if (!OperatorNode.is(node.operator) || !COMPARISONS.has(node.operator.operator))
      return super.transformBinaryOperation(node);
    if (column === undefined) {
      if (isGivenValue(node.rightOperand)) this.#deny(node.leftOperand);
      if (isGivenValue(node.leftOperand)) this.#deny(node.rightOperand);
      return super.transformBinaryOperation(node);
    }
    const leftOperand = this.#compared(node.leftOperand, column);
    const rightOperand = this.#compared(node.rightOperand, column);
    return super.transformBinaryOperation({ ...node, leftOperand, rightOperand });
  }

  /** Adds the contract's position of NULLs (C2). It adds nothing to a column without NULLs, so that the engine can use any index for the order. */
  protected override transformOrderByItem(node: OrderByItemNode): OrderByItemNode {
    const column = this.#typed(node.orderBy);
    const orderBy = column === undefined ? node.orderBy : this.#comparable(node.orderBy, column);
    const nulls = node.nulls ?? (this.#mayBeNull(node) ? defaultNulls(node) : undefined);
    return super.transformOrderByItem({ ...node, orderBy, ...(nulls === undefined ? {} : { nulls }) });
  }

  protected override transformAggregateFunction(node: AggregateFunctionNode): AggregateFunctionNode {
    const [argument] = node.aggregated;
    const column = argument === undefined ? undefined : this.#typed(argument);
    if (argument === undefined || column === undefined || !isAggregate(node.func)) {
      return super.transformAggregateFunction(node);
    }
    const expression = new ExpressionWrapper(argument);
    if (isWindowed(node)) {
      this.#assertComparesByValue(expression, column);
      return super.transformAggregateFunction(node);
    }
    const replaced = this.#sql.aggregate?.(node.func, expression, column.type, node.distinct ?? false);
    if (replaced === undefined) return super.transformAggregateFunction(node);
    // Kysely's types allow only this kind of node here, but its compiler takes any expression.
    return replaced.toOperationNode() as AggregateFunctionNode;
  }

  /** Refuses an aggregate of the engine over a column whose stored form does not sort or add up as its value does. @throws UnsupportedError. */
  #assertComparesByValue(expression: Expression<unknown>, { table, column, type }: TypedColumn): void {
    const comparable = this.#sql.comparable?.(expression, type) ?? expression;
    if (comparable === expression) return;
    throw new UnsupportedError(
      `"${table}"."${column}" is ${type.name}, which this driver aggregates only without filter, over and order by. Aggregate in a sub-query.`,
    );
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
        return this.#encoded(member, target, target.type);
      }),
    );
  }

  /** Encodes one side of a comparison. The column's length and precision do not apply, because a comparison stores nothing. */
  #compared(operand: OperationNode, column: TypedColumn): OperationNode {
    const type: ValueType = { name: column.type.name };
    const compare = (member: OperationNode): OperationNode =>
      this.#comparable(this.#encoded(member, column, type), column);
    if (PrimitiveValueListNode.is(operand))
      return ValueListNode.create(operand.values.map((value) => compare(ValueNode.create(value))));
    if (ValueListNode.is(operand)) return ValueListNode.create(operand.values.map(compare));
    return AndNode.is(operand)
      ? AndNode.create(compare(operand.left), compare(operand.right))
      : compare(operand);
  }

  #comparable(node: OperationNode, column: TypedColumn): OperationNode {
    if (this.#sql.comparable === undefined) return node;
    if (!ValueNode.is(node) && this.#typed(node)?.type.name !== column.type.name) return node;
    return this.#sql.comparable(new ExpressionWrapper(node), column.type).toOperationNode();
  }

  #encoded(node: OperationNode, column: TypedColumn, type: ValueType): OperationNode {
    if (!ValueNode.is(node) || node.immediate === true || node.value === null) return node;
    return ValueNode.create(this.#sql.encode(checkValue(node.value, type, column), type));
  }

  #typed(node: OperationNode): TypedColumn | undefined {
    return toTyped(this.#find(node));
  }

  /** Raw SQL without a separate direction may contain its own direction and position of NULLs; nothing is added to it. */
  #mayBeNull({ orderBy, direction }: OrderByItemNode): boolean {
    if (RawNode.is(orderBy) && direction === undefined) return false;
    return this.#find(orderBy)?.isNullable ?? true;
  }

  #find(node: OperationNode): FoundColumn | undefined {
    const name = columnName(node);
    return name === undefined ? undefined : this.#scopes.find(name.column, name.table);
  }

  /** Notes that the type of a column is needed and that no known table has it. */
  #deny(node: OperationNode): undefined {
    const name = columnName(node);
    if (name === undefined) return undefined;
    for (const table of this.#scopes.denying(name.column, name.table)) this.#denied.add(table);
    return undefined;
  }
}

function columnName(
  node: OperationNode,
): { readonly column: string; readonly table: string | undefined } | undefined {
  if (ColumnNode.is(node)) return { column: node.column.name, table: undefined };
  if (!ReferenceNode.is(node) || !ColumnNode.is(node.column)) return undefined;
  return { column: node.column.column.name, table: node.table?.table.identifier.name };
}

/** Whether the node stands for values that the caller gave. */
function isGivenValue(node: OperationNode): boolean {
  if (AndNode.is(node)) return isGivenValue(node.left) || isGivenValue(node.right);
  if (ValueListNode.is(node)) return node.values.some(isGivenValue);
  return PrimitiveValueListNode.is(node) || (ValueNode.is(node) && node.value !== null && !node.immediate);
}

function toTyped(found: FoundColumn | undefined): TypedColumn | undefined {
  const type = found?.column.type;
  if (found === undefined || type === undefined) return undefined;
  const { name: column, hasDefault } = found.column;
  return { table: found.table, column, type, hasDefault };
}

/** NULL sorts as if it were larger than every value. */
function defaultNulls({ direction }: OrderByItemNode): 'first' | 'last' {
  const text = direction !== undefined && RawNode.is(direction) ? direction.sqlFragments.join('') : '';
  return text.trim().toLowerCase() === 'desc' ? 'first' : 'last';
}

type ValuesItemNode = ValuesNode['values'][number];

function rowMembers(row: OperationNode): readonly OperationNode[] | undefined {
  if (PrimitiveValueListNode.is(row)) return row.values.map((value) => ValueNode.create(value));
  return ValueListNode.is(row) ? row.values : undefined;
}

function isAggregate(name: string): name is AggregateName {
  return name === 'avg' || name === 'max' || name === 'min' || name === 'sum';
}

function isWindowed({ filter, over, orderBy, withinGroup }: AggregateFunctionNode): boolean {
  return [filter, over, orderBy, withinGroup].some((part) => part !== undefined);
}
