import { parseValueType, portableTypeError, UnsupportedError, type ValueTypeName } from '@sluice/core';
import {
  AlterColumnNode,
  type BinaryOperationNode,
  type ColumnDefinitionNode,
  CreateIndexNode,
  type CreateTableNode,
  type DataTypeNode,
  type OperationNode,
  OperatorNode,
  type OrderByItemNode,
  RawNode,
  SqliteQueryCompiler,
} from 'kysely';
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

  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    super.visitBinaryOperation(node);
    if (isLike(node.operator) && !/\bescape\b/i.test(rawText(node.rightOperand))) this.append(" escape '\\'");
  }
}

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

function isLike(operator: OperationNode): boolean {
  return OperatorNode.is(operator) && (operator.operator === 'like' || operator.operator === 'not like');
}
