import { parseValueType, portableTypeError, UnsupportedError, type ValueTypeName } from '@sluice/core';
import {
  AlterColumnNode,
  type BinaryOperationNode,
  type ColumnDefinitionNode,
  CreateIndexNode,
  type CreateTableNode,
  type DataTypeNode,
  type DeleteQueryNode,
  FunctionNode,
  type InsertQueryNode,
  type JoinNode,
  type OffsetNode,
  type OperationNode,
  OperatorNode,
  type OrderByItemNode,
  RawNode,
  type SelectModifierNode,
  SelectQueryNode,
  type SetOperationNode,
  SqliteQueryCompiler,
  type UpdateQueryNode,
} from 'kysely';
import {
  assertCombines,
  assertDeletes,
  assertJoins,
  assertOperates,
  assertSelects,
  refuseMerge,
} from './missing-clauses.js';
import { assertReadsOthers, computedFirst } from './own-rows.js';
import { toPortableColumn, toPortableTable } from './portable-table.js';

/**
 * Kysely's compiler with the contract's semantics (C1, C2): column types have PostgreSQL's names, NULL sorts last, and a backslash escapes
 * in LIKE. Raw SQL is left unchanged.
 */
export class PortableSqliteQueryCompiler extends SqliteQueryCompiler {
  protected override visitCreateTable(node: CreateTableNode): void {
    super.visitCreateTable(toPortableTable(node));
  }

  protected override visitColumnDefinition(node: ColumnDefinitionNode): void {
    super.visitColumnDefinition(toPortableColumn(node));
  }

  /** Kysely's own compiler writes NULL here, which would not be the column's default. */
  protected override visitDefaultInsertValue(): void {
    throw new UnsupportedError(
      'SQLite cannot insert rows of which only some give a column that has a default. Give the column in every row, or use `insertMany`.',
    );
  }

  /** Called for casts, and for a column whose type is altered. The types of new columns are translated by {@link toPortableColumn}. */
  protected override visitDataType({ dataType }: DataTypeNode): void {
    const name = parseValueType(dataType)?.name;
    if (name === undefined) throw portableTypeError(dataType, 'SQLite');
    // The text of this ALTER TABLE is only shown and never run: the table is rebuilt instead.
    const isAltered = this.parentNode !== undefined && AlterColumnNode.is(this.parentNode);
    const cast = isAltered ? dataType : CASTS[name];
    if (cast === undefined) {
      throw new UnsupportedError(
        `SQLite cannot cast to ${dataType}. Cast in JavaScript, or use a raw sql expression.`,
      );
    }
    this.append(cast);
  }

  protected override visitOrderByItem(node: OrderByItemNode): void {
    super.visitOrderByItem(node);
    // CREATE INDEX accepts no NULLS FIRST or NULLS LAST.
    if (node.nulls !== undefined || (this.parentNode !== undefined && CreateIndexNode.is(this.parentNode)))
      return;
    const text = `${rawText(node.orderBy)} ${rawText(node.direction)}`.trimEnd();
    if (/\bnulls\s+(?:first|last)$/i.test(text)) return;
    this.append(/\bdesc$/i.test(text) ? ' nulls first' : ' nulls last');
  }

  /** LIKE tells upper from lower case here, so ILIKE compares in lower case: of ASCII letters, as PostgreSQL does in the collation "C". */
  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    assertOperates(node.operator);
    const like = likeOf(node.operator);
    if (like === undefined) super.visitBinaryOperation(node);
    else this.#visitLike(node, like);
  }

  #visitLike(node: BinaryOperationNode, { isFolded, operator }: Like): void {
    const { leftOperand, rightOperand } = node;
    super.visitBinaryOperation({
      ...node,
      operator: OperatorNode.create(operator),
      leftOperand: isFolded ? lower(leftOperand) : leftOperand,
      rightOperand: isFolded ? lower(rightOperand) : rightOperand,
    });
    if (!/\bescape\b/i.test(rawText(rightOperand))) this.append(" escape '\\'");
  }

  /** SQLite's replace() of an empty text gives the whole, also for a NULL that would take its place. */
  protected override visitFunction(node: FunctionNode): void {
    const by = node.func.toLowerCase() === 'replace' ? node.arguments[2] : undefined;
    if (by !== undefined) {
      this.append('case when ');
      this.visitNode(by);
      this.append(' is not null then ');
    }
    super.visitFunction(node);
    if (by !== undefined) this.append(' end');
  }

  protected override visitUpdateQuery(node: UpdateQueryNode): void {
    assertReadsOthers(node);
    super.visitUpdateQuery(computedFirst(node));
  }

  protected override visitDeleteQuery(node: DeleteQueryNode): void {
    assertDeletes(node);
    assertReadsOthers(node);
    super.visitDeleteQuery(node);
  }

  protected override visitInsertQuery(node: InsertQueryNode): void {
    assertReadsOthers(node);
    super.visitInsertQuery(node);
  }

  /** An offset without a limit needs one here that lets all rows through. */
  protected override visitOffset(node: OffsetNode): void {
    const { parentNode } = this;
    const hasLimit =
      parentNode !== undefined && SelectQueryNode.is(parentNode) && parentNode.limit !== undefined;
    if (!hasLimit) this.append('limit -1 ');
    super.visitOffset(node);
  }

  protected override visitSelectQuery(node: SelectQueryNode): void {
    assertSelects(node);
    super.visitSelectQuery(node);
  }

  protected override visitJoin(node: JoinNode): void {
    assertJoins(node);
    super.visitJoin(node);
  }

  protected override visitSetOperation(node: SetOperationNode): void {
    assertCombines(node);
    super.visitSetOperation(node);
  }

  protected override visitMergeQuery(): void {
    refuseMerge();
  }

  /** Locks of rows need no words: a transaction that writes is the only one. */
  protected override visitSelectModifier(node: SelectModifierNode): void {
    if (node.modifier === undefined || !LOCKS.has(node.modifier)) super.visitSelectModifier(node);
  }
}

const LOCKS: ReadonlySet<string> = new Set([
  'ForKeyShare',
  'ForNoKeyUpdate',
  'ForShare',
  'ForUpdate',
  'NoWait',
  'SkipLocked',
]);

const CASTS: Readonly<Partial<Record<ValueTypeName, string>>> = {
  bigint: 'integer',
  'double precision': 'real',
  integer: 'integer',
  smallint: 'integer',
  text: 'text',
  varchar: 'text',
};

function rawText(node: OperationNode | undefined): string {
  return node !== undefined && RawNode.is(node) ? node.sqlFragments.join(' ') : '';
}

interface Like {
  readonly operator: 'like' | 'not like';
  /** Whether upper and lower case are the same. */
  readonly isFolded: boolean;
}

const LIKES: Readonly<Record<string, Like | undefined>> = {
  ilike: { operator: 'like', isFolded: true },
  like: { operator: 'like', isFolded: false },
  'not ilike': { operator: 'not like', isFolded: true },
  'not like': { operator: 'not like', isFolded: false },
};

function likeOf(operator: OperationNode): Like | undefined {
  return OperatorNode.is(operator) ? LIKES[operator.operator] : undefined;
}

function lower(operand: OperationNode): OperationNode {
  return FunctionNode.create('lower', [operand]);
}
