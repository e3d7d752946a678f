import { type OperationNode, type RawNode, SelectQueryNode } from 'kysely';
import type { DatabaseSql } from '../driver/driver.js';
import type { UsageError } from '../errors/usage-errors.js';
import type { ValueTypeName } from '../values/value-type.js';
import { type ExpressionType, isJson } from './expression-type.js';
import { type ExpressionTypes, unwrapped } from './expression-types.js';
import type { QueryScopes } from './query-scopes.js';
import { untypedExpression } from './untyped-expression.js';

export const NONE: ReadonlySet<string> = new Set();
export const NUMBERS: ReadonlySet<string> = new Set(['numeric']);
/** Types whose stored form is the text that PostgreSQL makes of a value. */
export const AS_TEXT: ReadonlySet<string> = new Set(['date', 'numeric']);
/** Types that no expression of the engine's own gives in the stored form. */
const OPAQUE: ReadonlySet<string> = new Set(['numeric', 'timestamptz']);

/** Texts and comments in SQL. */
const NO_NAMES = /'[^']*'|\/\*.*?\*\/|--.*$/gms;

/** A name alone, and a direction. */
const ORDER = /^\s*(?:"?\w+"?\.)?"?\w+"?\s*(?:\b(?:asc|desc)\b\s*)?(?:\bnulls\s+(?:first|last)\s*)?$/i;

/** Before a name that is counted, or is that of a result. */
const NO_USE = /(?:\bcount\s*\(\s*(?:distinct\s+)?(?:"?\w+"?\.)?|\bas\s+)"?$/i;

/** After a name that is a table's or a function's, or of which only the presence is asked. */
const NO_VALUE = /^"?\s*(?:[.(]|is\s+(?:not\s+)?null\b)/i;

/** Knows which types the engine stores in another form, and refuses expressions in which that would show. */
export class HiddenForms {
  readonly #sql: DatabaseSql;
  readonly #types: ExpressionTypes;
  readonly #scopes: QueryScopes;

  constructor(sql: DatabaseSql, types: ExpressionTypes, scopes: QueryScopes) {
    this.#sql = sql;
    this.#types = types;
    this.#scopes = scopes;
  }

  /** Whether the walk is inside of raw SQL whose type the application declared. Nothing in it is refused or replaced. */
  get isDeclared(): boolean {
    return this.#scopes.isDeclared;
  }

  /** Runs `walk` inside of raw SQL whose type the application declared. */
  declared<T>(walk: () => T): T {
    return this.#scopes.declared(walk);
  }

  /** Whether the engine's own functions and operators take values of the type for something else. */
  isHidden(type: ExpressionType | undefined): type is ExpressionType {
    if (type === undefined || this.isDeclared) return false;
    return this.#sql.stored?.hidden.has(type.name as ValueTypeName) ?? false;
  }

  /** Whether only another expression of the type can be compared with one of this type. */
  isOpaque(type: ExpressionType | undefined): type is ExpressionType {
    return this.isHidden(type) && OPAQUE.has(type.name);
  }

  /** Refuses an order of JSON values: only their equality is told. @throws UsageError `untyped_expression`. */
  assertSorted(node: OperationNode, type: ExpressionType | undefined): void {
    if (this.isHidden(type) && isJson(type))
      throw this.untyped(node, type, 'sorted or compared by its order');
  }

  /** @throws UsageError `untyped_expression` when an operand has a hidden type that is not `allowed`. */
  refuse(
    node: OperationNode,
    operands: readonly OperationNode[],
    allowed: ReadonlySet<string>,
    why: string,
  ): void {
    if (this.#sql.stored === undefined) return;
    for (const operand of operands) {
      const type = this.#types.of(operand);
      if (this.isHidden(type) && !allowed.has(type.name)) throw this.untyped(node, type, why);
    }
  }

  /** Refuses raw SQL that is given a hidden type, or a query that returns one, unless it only asks whether there is a value or a row. */
  refuseInRaw(node: RawNode): void {
    for (const [index, parameter] of node.parameters.entries()) {
      if (/\b(?:exists|is)\s*\(*\s*$/i.test(node.sqlFragments[index] ?? '')) continue;
      if (/^\s*\)*\s*is\s+(?:not\s+)?null\b/i.test(node.sqlFragments[index + 1] ?? '')) continue;
      const query = unwrapped(parameter);
      const types = SelectQueryNode.is(query)
        ? [...this.#scopes.columnsOf(query).values()].map(({ type }) => type)
        : [this.#types.of(parameter)];
      const hidden = types.find((type) => this.isHidden(type));
      if (hidden !== undefined) throw this.untyped(node, hidden, 'given to raw SQL');
    }
  }

  /**
   * Refuses raw SQL whose text names a numeric that the engine has as a whole number of its last digit, unless it only sorts by it, counts it, or asks whether there
   * is a value.
   */
  refuseNamed(node: RawNode): void {
    if (!this.isDeclared && ORDER.test(node.sqlFragments.join(''))) return;
    for (const fragment of node.sqlFragments) {
      const text = fragment.replaceAll(NO_NAMES, ' ');
      for (const { 0: word, index } of text.matchAll(/\w+/g)) {
        if (NO_USE.test(text.slice(0, index)) || NO_VALUE.test(text.slice(index + word.length))) continue;
        const type = this.#scopes.find(word)?.type;
        if (type?.isScaled === true)
          throw this.untyped(
            node,
            type,
            `named in raw SQL, where it is in another form; give it as sql.ref('${word}')`,
          );
      }
    }
  }

  /** The error for an expression in which a stored form would show. @param why what happens to the value, after "is". */
  untyped(node: OperationNode, type: ExpressionType, why: string): UsageError {
    return untypedExpression(this.#sql, node, type.name, why);
  }
}
