import { type Expression, expressionBuilder, type Kysely, type QueryCreator, type SqlBool } from 'kysely';
import { invalidQuery } from '../errors/invalid-query.js';
import { formOfOrder, type OrderTerm, parseOrder } from './order.js';
import { asQuery, type RawQuery, refuseUnknownOptions, wholeNumber } from './raw-query.js';
import type { NextValue } from './statement-templates.js';
import type { TableShape } from './table-shape.js';
import type { AnyTables, Condition, WhereParser } from './where.js';

/** The rows that a statement changes, the first ones of an order. Their keys are found before any is changed. */
export interface ChosenRows {
  /** Identifies the choice without its values, for the cache of statements; `undefined` when the statement cannot be cached. */
  readonly form: string | undefined;
  readonly values: readonly unknown[];
  /** Whether the choice surely calls no function of the application's. */
  readonly isPure: boolean;
  /** Begins a statement by finding the keys. */
  from(kysely: Kysely<AnyTables>, next: NextValue): QueryCreator<AnyTables>;
  /** The condition for a row that was found. */
  isFound(): Expression<SqlBool>;
}

/** What sorts a read by an order. */
export type Ordered = <Q>(select: Q, terms: readonly OrderTerm[]) => Q;

/** The query that finds the keys. No application has a table of this name. */
const FOUND = 'sluice_found';

/**
 * Parses which rows a statement changes, which may come untyped.
 *
 * @param given the caller's query. @param most the most rows, in the place of the caller's limit.
 * @param skipsLocked whether rows that another transaction is changing are left out, where the engine has several writers; otherwise they are waited for.
 * @throws UsageError `invalid_query` or `unknown_column`, ValueError.
 */
export function parseChosenRows(
  shape: TableShape,
  parser: WhereParser,
  ordered: Ordered,
  given: RawQuery,
  { most, skipsLocked = false }: { readonly most?: number; readonly skipsLocked?: boolean },
): ChosenRows {
  shape.assertWritable();
  const { where, orderBy, limit = most, ...others } = asQuery(given);
  refuseUnknownOptions(others);
  const bound = wholeNumber('limit', limit);
  if (most !== undefined && bound !== most) throw invalidQuery('the call takes one row, and no `limit`');
  const condition = parser.parse(where);
  const terms = parseOrder(shape, orderBy);
  const keys = shape.key.map(({ property }) => property);
  const find = (db: QueryCreator<AnyTables>, next: NextValue): never => {
    const all = db.selectFrom(shape.name).select(keys as never);
    const met = condition === undefined ? all : all.where(condition.build(next));
    const limited = ordered(met, terms)
      .limit(next() as Expression<number>)
      .forUpdate();
    return (skipsLocked ? limited.skipLocked() : limited) as never;
  };
  return {
    form: formOf(condition, `${formOfOrder(terms)} ${skipsLocked}`),
    values: [...(condition?.values ?? []), bound],
    isPure: condition?.isPure !== false,
    // Materialized: the engine must not look for rows again while it changes them.
    from: (kysely, next) =>
      kysely.with(
        (cte) => cte(FOUND).materialized(),
        (db) => find(db, next),
      ) as unknown as QueryCreator<AnyTables>,
    isFound: () => isAmong(keys),
  };
}

function formOf(condition: Condition | undefined, choice: string): string | undefined {
  if (condition === undefined) return choice;
  return condition.form === undefined ? undefined : `${choice} ${condition.form}`;
}

function isAmong(keys: readonly string[]): Expression<SqlBool> {
  const eb = expressionBuilder<AnyTables, string>();
  const found = eb.selectFrom(FOUND).select(keys.map((key) => `${FOUND}.${key}`) as never);
  const [only, ...others] = keys;
  if (only !== undefined && others.length === 0) return eb(only, 'in', found as never);
  return eb(eb.refTuple(...(keys as [string, string])), 'in', found as never);
}
