import {
  ColumnNode,
  ColumnUpdateNode,
  type Expression,
  ExpressionWrapper,
  expressionBuilder,
  isOperationNodeSource,
  type KyselyPlugin,
  UpdateQueryNode,
} from 'kysely';
import type { DatabaseSql } from '../driver/driver.js';
import { InternalError } from '../errors/flow-errors.js';
import { invalidQuery } from '../errors/invalid-query.js';
import { tableNode, throughPlugins } from './callback-query.js';
import { Increment } from './increment.js';
import type { RowEncoder } from './row-encoder.js';
import type { NextValue } from './statement-templates.js';
import type { ShapeColumn, TableShape } from './table-shape.js';
import type { AnyTables } from './where.js';

/** A patch with checked and encoded values. It is built separately, so that a cached statement can take new values. */
export interface EncodedPatch {
  /** Identifies the patch without its values, for the cache of statements; `undefined` when the statement cannot be cached. */
  readonly form: string | undefined;
  readonly values: readonly unknown[];
  /** Whether the patch surely calls no function of the application's. */
  readonly isPure: boolean;
  /** What each column is set to, by the application's names. @param target qualifies the columns, where others have their names. */
  build(next: NextValue, target?: string): Record<string, Expression<unknown>>;
}

/** How one column is set. */
interface Assignment {
  readonly column: ShapeColumn;
  readonly form: string | undefined;
  readonly values: readonly unknown[];
  build(next: NextValue, target: string | undefined): Expression<unknown>;
}

/** Parses patches, which may come untyped: values, changes by a number, and callbacks that build any Kysely expression. */
export class PatchParser {
  readonly #shape: TableShape;
  readonly #sql: DatabaseSql;
  readonly #plugins: readonly KyselyPlugin[];
  readonly #encoder: RowEncoder;

  /** @param plugins the plugins of plain Kysely queries, for the expressions that callbacks build. */
  constructor(shape: TableShape, encoder: RowEncoder, sql: DatabaseSql, plugins: readonly KyselyPlugin[]) {
    this.#shape = shape;
    this.#encoder = encoder;
    this.#sql = sql;
    this.#plugins = plugins;
  }

  /** @throws UsageError `invalid_query` or `unknown_column`, ValueError. */
  parse(patch: unknown): EncodedPatch {
    if (!isObject(patch) || !Object.values(patch).some(isComputed)) return this.#plain(patch);
    const entries = Object.entries(patch);
    const computed = entries.filter(([, value]) => isComputed(value));
    const plain = this.#encode(Object.fromEntries(entries.filter(([, value]) => !isComputed(value))));
    const assignments = computed.map(([name, value]) => this.#assignment(name, value));
    const forms = assignments.map(({ form }) => form);
    return {
      form: forms.includes(undefined) ? undefined : [plain.form, ...forms].join(),
      values: [...plain.values, ...assignments.flatMap(({ values }) => values)],
      isPure: assignments.every(({ form }) => form !== undefined),
      build: (next, target) => ({
        ...plain.build(next),
        ...Object.fromEntries(assignments.map(({ column, build }) => [column.property, build(next, target)])),
      }),
    };
  }

  #plain(patch: unknown): EncodedPatch {
    const plain = this.#encode(patch);
    if (plain.values.length === 0) throw invalidQuery(`the patch of "${this.#shape.name}" changes nothing`);
    return plain;
  }

  #encode(patch: unknown): EncodedPatch {
    const { form, values } = this.#encoder.encode(patch);
    return {
      form: form.id,
      values,
      isPure: true,
      build: (next) => Object.fromEntries(form.columns.map(({ property }) => [property, next()])),
    };
  }

  #assignment(name: string, value: unknown): Assignment {
    const column = this.#encoder.writable(name);
    return value instanceof Increment ? this.#increment(column, value.by) : this.#callback(column, value);
  }

  #increment(column: ShapeColumn, by: unknown): Assignment {
    const { type } = column;
    if (type === undefined || !NUMBERS.has(type.name))
      throw invalidQuery(`"${column.property}" is no number, so it cannot be incremented`);
    const operand = this.#shape.encodeOperand(column, toOperand(type.name, by));
    const isText = this.#shape.isTextOperand(column, operand);
    return {
      column,
      form: `+${column.name}${isText ? ' as text' : ''}`,
      values: [operand],
      build: (next, target) => {
        const eb = expressionBuilder<AnyTables, string>();
        const name = target === undefined ? column.property : `${target}.${column.property}`;
        return this.#sum(column, eb.ref(name as never), next(), isText);
      },
    };
  }

  /** @param isText whether `by` is decimal text that a scaled column has no whole number for. */
  #sum(
    { type }: ShapeColumn,
    column: Expression<unknown>,
    by: Expression<unknown>,
    isText: boolean,
  ): Expression<unknown> {
    const { stored } = this.#sql;
    if (isText && stored !== undefined) {
      const { scale = 0 } = type ?? {};
      return stored.scaled(stored.calculated('+', stored.unscaled(column, scale), by), scale);
    }
    if (type?.name !== 'numeric' || type.isScaled === true || stored === undefined)
      return expressionBuilder<AnyTables, string>()(column as never, '+', by as never);
    const sum = stored.calculated('+', column, by);
    return type.scale === undefined ? sum : stored.rescaled(sum, type.scale);
  }

  /** Applies the plugins of plain Kysely queries to the expression that a callback built, in an update of its column. */
  #callback(column: ShapeColumn, callback: unknown): Assignment {
    const expression: unknown =
      typeof callback === 'function' ? callback(expressionBuilder<AnyTables, string>()) : callback;
    if (!isOperationNodeSource(expression))
      throw invalidQuery(`the callback of "${column.property}" must return an expression`);
    const update = ColumnUpdateNode.create(ColumnNode.create(column.property), expression.toOperationNode());
    const table = UpdateQueryNode.create([tableNode(this.#shape.name)]);
    const node = throughPlugins(this.#plugins, UpdateQueryNode.cloneWithUpdates(table, [update]));
    const made = UpdateQueryNode.is(node) ? node.updates?.[0]?.value : undefined;
    if (made === undefined) throw new InternalError('A plugin removed the assignment of an update.');
    return { column, form: undefined, values: [], build: () => new ExpressionWrapper(made) };
  }
}

const NUMBERS: ReadonlySet<string> = new Set([
  'bigint',
  'double precision',
  'integer',
  'numeric',
  'smallint',
]);

function isObject(patch: unknown): patch is object {
  return typeof patch === 'object' && patch !== null;
}

/** Whether the database computes the value. */
function isComputed(value: unknown): boolean {
  return value instanceof Increment || typeof value === 'function';
}

/** The number as a value of the column's type; the column's own check refuses what is none. */
function toOperand(type: string, by: unknown): unknown {
  if (type === 'bigint' && Number.isSafeInteger(by)) return BigInt(by as number);
  if (type === 'numeric' && (typeof by === 'bigint' || Number.isFinite(by))) return String(by);
  return by;
}
