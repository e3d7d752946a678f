import {
  type ExpressionWrapper,
  type JoinBuilder,
  type Kysely,
  type QueryCreator,
  type SelectQueryBuilder,
  sql,
} from 'kysely';
import { buildExpression, type RandomExpression } from './expression.js';
import type { Builder } from './operations.js';

/** Tables that are known at run time only. */
export type RandomDatabase = Record<string, Record<string, unknown>>;

/** What a random query reads from: a table, a query in FROM, or one in WITH. */
export interface Source {
  readonly alias: string;
  readonly from: RandomQuery | string;
  readonly isWith: boolean;
}

export type JoinKind = 'innerJoin' | 'leftJoin' | 'rightJoin';

/** A random query. */
export interface RandomQuery {
  readonly source: Source;
  readonly joins: readonly {
    readonly kind: JoinKind;
    readonly source: Source;
    readonly on: RandomExpression;
  }[];
  readonly where: RandomExpression | undefined;
  /** `undefined` for a query without groups. */
  readonly groups: readonly RandomExpression[] | undefined;
  readonly having: RandomExpression | undefined;
  /** The results, as `x0`, `x1`, … */
  readonly selections: readonly RandomExpression[];
  readonly isDistinct: boolean;
  /** Orders before those by the results, which make the order of the rows certain. */
  readonly orders: readonly RandomOrder[];
  /** Whether the order by the results names them by their numbers. */
  readonly isNumbered: boolean;
  readonly limit: number | undefined;
  readonly offset: number | undefined;
  readonly combined:
    | {
        readonly operator: 'except' | 'intersect' | 'union' | 'unionAll';
        readonly query: RandomQuery;
      }
    | undefined;
}

interface RandomOrder {
  readonly by: RandomExpression;
  readonly direction: 'asc' | 'desc';
  readonly nulls?: 'first' | 'last' | undefined;
}

type Built = SelectQueryBuilder<RandomDatabase, string, Record<string, unknown>>;
type Creator = Pick<QueryCreator<RandomDatabase>, 'selectFrom' | 'with'>;

/** Builds the query. Its rows have a certain order. */
export function buildQuery(db: Kysely<RandomDatabase>, query: RandomQuery): Built {
  let built = build(db as Creator, query);
  for (const { by, direction, nulls } of query.combined === undefined && !query.isDistinct
    ? query.orders
    : [])
    built = built.orderBy(
      (eb) => expression(eb as Builder, by),
      (order) => {
        const directed = direction === 'asc' ? order.asc() : order.desc();
        return nulls === undefined
          ? directed
          : nulls === 'first'
            ? directed.nullsFirst()
            : directed.nullsLast();
      },
    );
  for (const [index, { type }] of query.selections.entries())
    if (type !== 'json' && type !== 'jsonb')
      built = built.orderBy(query.isNumbered ? sql.raw(String(index + 1)) : `x${index}`);
  if (query.offset !== undefined) built = built.offset(query.offset);
  return query.limit === undefined ? built : built.limit(query.limit);
}

function build(db: Creator, query: RandomQuery): Built {
  const sources = [query.source, ...query.joins.map(({ source }) => source)];
  let creator = db;
  for (const { alias, from, isWith } of sources)
    if (isWith && typeof from !== 'string')
      creator = creator.with(`w_${alias}`, (inner) => build(inner as Creator, from) as never) as Creator;
  let built = creator.selectFrom(reference(db, query.source) as never) as unknown as Built;
  for (const { kind, source, on } of query.joins)
    built = joined(built, kind)(reference(db, source), (join) =>
      join.on((eb) => expression(eb as Builder, on)),
    );
  const { groups, having, where } = query;
  if (where !== undefined) built = built.where((eb) => expression(eb as Builder, where));
  if (groups !== undefined && groups.length > 0)
    built = built.groupBy((eb) => groups.map((group) => expression(eb as Builder, group)));
  if (having !== undefined) built = built.having((eb) => expression(eb as Builder, having));
  built = built.select((eb) =>
    query.selections.map((each, index) => expression(eb as Builder, each).as(`x${index}`)),
  ) as typeof built;
  if (query.isDistinct) built = built.distinct();
  const { combined } = query;
  return combined === undefined ? built : built[combined.operator](build(db, combined.query) as never);
}

type Join = (table: unknown, on: (join: JoinBuilder<RandomDatabase, string>) => unknown) => Built;

function joined(query: Built, kind: JoinKind): Join {
  return query[kind].bind(query) as unknown as Join;
}

function reference(db: Creator, { alias, from, isWith }: Source): unknown {
  if (typeof from === 'string') return `${from} as ${alias}`;
  return isWith ? `w_${alias} as ${alias}` : build(db, from).as(alias);
}

function expression(eb: Builder, of: RandomExpression): ExpressionWrapper<never, never, never> {
  return buildExpression(eb, of) as ExpressionWrapper<never, never, never>;
}
