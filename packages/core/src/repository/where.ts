import {
  type Expression,
  type ExpressionBuilder,
  ExpressionWrapper,
  expressionBuilder,
  isOperationNodeSource,
  type KyselyPlugin,
  QueryNode,
  SelectQueryNode,
  type SqlBool,
  sql,
} from 'kysely';
import type { DatabaseSql } from '../driver/driver.js';
import { InternalError } from '../errors/flow-errors.js';
import { invalidQuery } from '../errors/invalid-query.js';
import { tableNode, throughPlugins } from './callback-query.js';
import {
  afterPrefix,
  bytesContain,
  bytesEndWith,
  foldedText,
  foldedValue,
  ignoresCase,
  PATTERNS,
  patternOf,
} from './patterns.js';
import type { NextValue } from './statement-templates.js';
import type { ShapeColumn, TableShape } from './table-shape.js';

/** Any tables. Kysely does not check the names in a repository's own queries; the repository checks them against the catalog. */
export type AnyTables = Record<string, Record<string, unknown>>;

type Builder = ExpressionBuilder<AnyTables, string>;

/** A condition with checked and encoded values. It is built separately, so that a cached statement can take new values. */
export interface Condition {
  /** Identifies the condition without its values, for the cache of statements; `undefined` when the statement cannot be cached. */
  readonly form: string | undefined;
  readonly values: readonly unknown[];
  /** Whether the condition surely only reads. An expression that a callback built may call any function. */
  readonly isPure: boolean;
  build(next: NextValue): Expression<SqlBool>;
}

/** A column as a condition compares it: `isFolded` with the letters A to Z in lower case. */
type ComparedColumn = ShapeColumn & { readonly isFolded?: boolean };

/** How deep `and`, `or` and `not` may be nested in one query. */
const MAX_DEPTH = 100;

/** How many conditions one query may have. SQLite takes expressions up to a depth of 1,000 (sqlite.org/limits.html). */
const MAX_CONDITIONS = 500;

/** Parses conditions, which may come untyped from a request: it checks every name and operator, and makes every value a parameter. */
export class WhereParser {
  readonly #shape: TableShape;
  readonly #sql: DatabaseSql;
  readonly #plugins: readonly KyselyPlugin[];
  readonly #eb: Builder = expressionBuilder<AnyTables, string>();
  #conditions = 0;

  /** @param plugins the plugins of plain Kysely queries, for the expressions that callbacks build. */
  constructor(shape: TableShape, sql: DatabaseSql, plugins: readonly KyselyPlugin[]) {
    this.#shape = shape;
    this.#sql = sql;
    this.#plugins = plugins;
  }

  /** Parses `where`; `undefined` when it is absent. @throws UsageError `invalid_query` or `unknown_column`, ValueError. */
  parse(where: unknown): Condition | undefined {
    this.#conditions = 0;
    return where === undefined ? undefined : this.#where(where, 0);
  }

  /** Builds `column = value` for each column of the key. */
  key(next: NextValue): Expression<SqlBool> {
    return this.#eb.and(this.#shape.key.map((column) => this.#sign(column, '=', undefined).build(next)));
  }

  /** The condition for the rows with any of these keys. */
  keys(keys: readonly (readonly unknown[])[]): Condition {
    const [column, ...others] = this.#shape.key;
    if (column?.type === undefined || others.length > 0)
      return this.#any(keys.map((values) => this.#keyCondition(values)));
    return this.#oneOf(
      column,
      keys.map(([value]) => value),
    );
  }

  #keyCondition(values: readonly unknown[]): Condition {
    return this.#all(this.#shape.key.map((column, index) => this.#sign(column, '=', values[index])));
  }

  #where(where: unknown, depth: number): Condition {
    if (depth > MAX_DEPTH) throw invalidQuery(`conditions are nested more than ${MAX_DEPTH} deep`);
    if (typeof where === 'function') return this.#callback(where(this.#eb));
    if (!isPlainObject(where)) throw invalidQuery('`where` must be an object of conditions or a callback');
    return this.#all(Object.entries(where).map(([name, value]) => this.#member(name, value, depth)));
  }

  /** Applies the plugins of plain Kysely queries to the expression that a callback built. */
  #callback(expression: unknown): Condition {
    if (!isOperationNodeSource(expression))
      throw invalidQuery('the callback of `where` must return an expression');
    const table = SelectQueryNode.createFrom([tableNode(this.#shape.name)]);
    const query = QueryNode.cloneWithWhere(table, expression.toOperationNode());
    const node = throughPlugins(this.#plugins, query);
    const where = SelectQueryNode.is(node) ? node.where?.where : undefined;
    if (where === undefined) throw new InternalError('A plugin removed the condition of a query.');
    return { form: undefined, values: [], isPure: false, build: () => new ExpressionWrapper(where) };
  }

  #member(name: string, value: unknown, depth: number): Condition {
    if (name === 'and') return this.#all(this.#list(name, value, depth));
    if (name === 'or') return this.#any(this.#list(name, value, depth));
    if (name === 'not') return this.#not(this.#where(value, depth + 1));
    return this.#column(this.#shape.column(name), value);
  }

  #list(name: string, value: unknown, depth: number): Condition[] {
    if (!Array.isArray(value)) throw invalidQuery(`"${name}" takes a list of conditions`);
    return value.map((member) => this.#where(member, depth + 1));
  }

  #column(column: ShapeColumn, value: unknown): Condition {
    if (value === undefined)
      throw invalidQuery(`"${column.property}" is undefined; leave it out, or say null`);
    if (!isPlainObject(value)) return this.#compare(column, 'eq', value);
    const { length } = Object.keys(value);
    if (length === 0) throw invalidQuery(`"${column.property}" has no operator`);
    if (Object.hasOwn(value, 'caseInsensitive')) return this.#inAnyCase(column, value);
    return this.#all(
      Object.entries(value).map(([operator, operand]) => this.#compare(column, operator, operand)),
    );
  }

  /** The conditions beside `caseInsensitive`. */
  #inAnyCase(column: ShapeColumn, value: Readonly<Record<string, unknown>>): Condition {
    const compared = ignoresCase(column, value) ? { ...column, isFolded: true } : column;
    const { caseInsensitive: _, ...conditions } = value;
    const entries = Object.entries(conditions);
    if (entries.length === 0) throw invalidQuery(`"${column.property}" has no operator`);
    return this.#all(entries.map(([operator, operand]) => this.#compare(compared, operator, operand)));
  }

  #compare(column: ComparedColumn, operator: string, operand: unknown): Condition {
    this.#count();
    const place = `"${column.property}" ${operator}`;
    if (operand === undefined) throw invalidQuery(`${place} is undefined; leave it out, or say null`);
    if (operator !== 'isNull' && isJson(column) && operand !== null) {
      throw invalidQuery(
        `"${column.property}" is json, which has no portable comparison; only isNull applies`,
      );
    }
    if (operator === 'isNull') return this.#isNull(column, operand);
    if (operator === 'in') return this.#in(column, operand);
    if (operator === 'notIn') return this.#notIn(column, operand);
    if (operator === 'between') return this.#between(column, operand);
    if (Object.hasOwn(PATTERNS, operator)) return this.#pattern(column, operator, operand);
    if (Object.hasOwn(COMPARISONS, operator)) return this.#simple(column, operator, operand);
    throw invalidQuery(
      `"${column.property}" has no operator "${operator}"; there are ${OPERATORS.join(', ')}`,
    );
  }

  #simple(column: ComparedColumn, operator: string, operand: unknown): Condition {
    if (operand === null) {
      if (operator !== 'eq' && operator !== 'ne')
        throw invalidQuery(`"${column.property}" ${operator} null never holds`);
      return this.#isNull(column, operator === 'eq');
    }
    const sign = COMPARISONS[operator as keyof typeof COMPARISONS];
    const value = this.#operand(column, operand);
    return column.type?.hasMicroseconds === true && operand instanceof Date
      ? this.#millisecond(column, sign, operand)
      : this.#sign(column, sign, value);
  }

  /** Compares a column with microseconds with a Date, which stands for the whole millisecond. An index on the column can be used. */
  #millisecond(column: ShapeColumn, sign: Sign, date: Date): Condition {
    const compare = (operator: '<' | '>=', by: 0 | 1): Condition =>
      this.#sign(column, operator, this.#operand(column, new Date(date.getTime() + by)));
    if (sign === '=') return this.#all([compare('>=', 0), compare('<', 1)]);
    if (sign === '!=') return this.#any([compare('<', 0), compare('>=', 1)]);
    if (sign === '<' || sign === '>=') return compare(sign, 0);
    return sign === '>' ? compare('>=', 1) : compare('<', 1);
  }

  #isNull(column: ShapeColumn, operand: unknown): Condition {
    if (typeof operand !== 'boolean') throw invalidQuery(`"${column.property}" isNull takes true or false`);
    const operator = operand ? 'is' : 'is not';
    return {
      form: `${column.name} ${operator}`,
      values: [],
      isPure: true,
      build: () => this.#eb(this.#ref(column), operator, null),
    };
  }

  #in(column: ComparedColumn, operand: unknown): Condition {
    if (!Array.isArray(operand)) throw invalidQuery(`"${column.property}" in takes a list`);
    if (operand.some((value) => value === null || value === undefined)) {
      throw invalidQuery(`"${column.property}" in takes no null; use isNull beside it`);
    }
    const values = operand.map((value) => this.#operand(column, value));
    if (column.type?.hasMicroseconds === true && operand.length > 0)
      return this.#any(operand.map((date: Date) => this.#millisecond(column, '=', date)));
    const texts = values.filter((value) => this.#shape.isTextOperand(column, value));
    if (texts.length === 0) return this.#oneOf(column, values);
    const others = values.filter((value) => !this.#shape.isTextOperand(column, value));
    const equal = texts.map((value) => this.#sign(column, '=', value));
    return this.#any(others.length === 0 ? equal : [this.#oneOf(column, others), ...equal]);
  }

  /** As with any other list, an empty list does not match rows whose column is NULL. `not (column in ())` would match them. */
  #notIn(column: ComparedColumn, operand: unknown): Condition {
    if (Array.isArray(operand) && operand.length === 0) return this.#isNull(column, false);
    return this.#not(this.#in(column, operand));
  }

  #between(column: ShapeColumn, operand: unknown): Condition {
    if (!Array.isArray(operand) || operand.length !== 2)
      throw invalidQuery(`"${column.property}" between takes two values`);
    const [low, high] = operand;
    return this.#all([this.#simple(column, 'gte', low), this.#simple(column, 'lte', high)]);
  }

  #pattern(column: ComparedColumn, operator: string, operand: unknown): Condition {
    if (column.type?.name === 'bytea' && operator !== 'like') return this.#bytes(column, operator, operand);
    const pattern = this.#operand(column, patternOf(column, operator, operand));
    return {
      form: `${column.name} like${suffixOf(column)}`,
      values: [pattern],
      isPure: true,
      build: (next) => sql<SqlBool>`${this.#compared(column)} like ${next()} escape '\\'`,
    };
  }

  #bytes(column: ShapeColumn, operator: string, operand: unknown): Condition {
    const encoded = this.#operand(column, operand);
    const part = operand as Uint8Array;
    const ref = this.#ref(column);
    // All bytes that are not NULL contain none. NULL neither does nor does not.
    if (operator === 'startsWith' || part.length === 0) return this.#bytesStartWith(column, part, encoded);
    const length = this.#sql.encode(part.length, { name: 'integer' });
    return {
      form: `${column.name} ${operator}`,
      values: operator === 'contains' ? [encoded] : [length, length, encoded],
      isPure: true,
      build: (next) =>
        operator === 'contains' ? bytesContain(this.#sql, ref, next()) : bytesEndWith(ref, next, next),
    };
  }

  /** A range, which an index serves. */
  #bytesStartWith(column: ShapeColumn, prefix: Uint8Array, encoded: unknown): Condition {
    const from = this.#sign(column, '>=', encoded);
    const after = afterPrefix(prefix);
    return after === undefined
      ? from
      : this.#all([from, this.#sign(column, '<', this.#operand(column, after))]);
  }

  #sign(column: ComparedColumn, sign: Sign, value: unknown): Condition {
    if (this.#shape.isTextOperand(column, value)) return this.#textSign(column, sign, value);
    const comparable = (expression: Expression<unknown>): Expression<unknown> =>
      this.#shape.comparable(column, expression);
    return {
      form: `${column.name} ${sign}${suffixOf(column)}`,
      values: [value],
      isPure: true,
      build: (next) => this.#eb(comparable(this.#compared(column)), sign, comparable(next())),
    };
  }

  /** Compares a scaled column with a number that it has no whole number for, by their decimal text. */
  #textSign(column: ShapeColumn, sign: Sign, value: unknown): Condition {
    return {
      form: `${column.name} as text ${sign}`,
      values: [value],
      isPure: true,
      build: (next) =>
        this.#eb(
          this.#shape.comparableColumnText(column, this.#ref(column)),
          sign,
          this.#shape.comparableText(next()),
        ),
    };
  }

  /** Builds `column in (…)` in the engine's own form. It has no `form`, because the driver's SQL may depend on the values. */
  #oneOf(column: ComparedColumn, values: readonly unknown[]): Condition {
    const { type } = column;
    const build = (): Expression<SqlBool> => {
      if (type !== undefined) return this.#sql.inList(this.#compared(column), values, type);
      return values.length === 0 ? this.#eb.lit(false) : this.#eb(this.#ref(column), 'in', values);
    };
    return { form: undefined, values: [], isPure: true, build };
  }

  #all(members: readonly Condition[]): Condition {
    return join('and', members, (built) => this.#eb.and(built));
  }

  #any(members: readonly Condition[]): Condition {
    return join('or', members, (built) => this.#eb.or(built));
  }

  #not(member: Condition): Condition {
    return join('not', [member], ([built]) => this.#eb.not(built ?? this.#eb.lit(true)));
  }

  #count(): void {
    this.#conditions += 1;
    if (this.#conditions > MAX_CONDITIONS)
      throw invalidQuery(`there are more than ${MAX_CONDITIONS} conditions`);
  }

  #operand(column: ComparedColumn, operand: unknown): unknown {
    if (isPlainObject(operand)) throw invalidQuery(`"${column.property}" takes a value, not an object`);
    return this.#shape.encodeOperand(column, column.isFolded === true ? foldedValue(operand) : operand);
  }

  #compared(column: ComparedColumn): Expression<unknown> {
    const ref = this.#ref(column);
    return column.isFolded === true ? foldedText(this.#sql, ref) : ref;
  }

  #ref(column: ShapeColumn): Expression<unknown> {
    return this.#eb.ref(column.property as never);
  }
}

/** Joins conditions by `and`, without the absent ones; `undefined` when all are absent. */
export function allOf(conditions: readonly (Condition | undefined)[]): Condition | undefined {
  const members = conditions.filter((condition) => condition !== undefined);
  if (members.length < 2) return members[0];
  return join('and', members, (built) => expressionBuilder<AnyTables, string>().and(built));
}

function join(
  word: string,
  members: readonly Condition[],
  combine: (built: Expression<SqlBool>[]) => Expression<SqlBool>,
): Condition {
  const forms = members.map(({ form }) => form);
  return {
    form: forms.includes(undefined) ? undefined : `${word}(${forms.join()})`,
    values: members.flatMap(({ values }) => values),
    isPure: members.every(({ isPure }) => isPure),
    build: (next) => combine(members.map((member) => member.build(next))),
  };
}

/** Tells the forms of folded conditions from others. */
function suffixOf({ isFolded }: ComparedColumn): string {
  return isFolded === true ? ' folded' : '';
}

type Sign = '!=' | '<' | '<=' | '=' | '>' | '>=';

const COMPARISONS = { eq: '=', ne: '!=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

const OPERATORS = [...Object.keys(COMPARISONS), ...Object.keys(PATTERNS), 'between', 'in', 'isNull', 'notIn'];

function isJson({ type }: ShapeColumn): boolean {
  return type?.name === 'json' || type?.name === 'jsonb';
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
