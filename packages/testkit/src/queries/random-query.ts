import type { ColumnOf, RandomExpression } from './expression.js';
import type { RandomQuery, Source } from './query.js';
import type { Random } from './random.js';
import {
  anyExpression,
  columnsOf,
  type Place,
  randomExpression,
  randomRelation,
  randomWindow,
} from './random-expression.js';
import type { QueryType, RandomTable } from './tables.js';

const DEPTH = 3;

type Mutable<T extends readonly unknown[]> = T[number][];

/** A random query over the tables. */
export function randomQuery(random: Random, tables: readonly RandomTable[]): RandomQuery {
  return new QueryMaker(random, tables).make(2, undefined, true);
}

class QueryMaker {
  readonly #random: Random;
  readonly #tables: readonly RandomTable[];
  #aliases = 0;

  constructor(random: Random, tables: readonly RandomTable[]) {
    this.#random = random;
    this.#tables = tables;
  }

  /** @param levels how deep queries may stand in FROM. @param types the types of the results. Default: any. */
  make(levels: number, types?: readonly QueryType[], isTop = false): RandomQuery {
    const random = this.#random;
    const first = this.#source(levels);
    const { columns, joins } = this.#joins(first.columns, levels);
    const place: Place = { columns, tables: this.#tables, hasValues: true };
    const isGrouped = random.chance(0.3);
    const groups = isGrouped ? this.#groups(place) : undefined;
    const results: Place = groups === undefined ? place : { ...place, groups };
    const unique = joins.length === 0 ? first.unique : undefined;
    const selections =
      types?.map((type) => this.#selection(results, type)) ??
      Array.from({ length: 1 + random.below(3) }, () =>
        unique !== undefined && !isGrouped && random.chance(0.2)
          ? randomWindow(random, place, unique)
          : this.#selection(results),
      );
    const relation = isTop && !isGrouped && random.chance(0.15) ? randomRelation(random, place) : undefined;
    if (relation !== undefined) selections.push(relation);
    const hasWindow = selections.some(({ kind }) => kind === 'window');
    const hasJson = selections.some(({ type }) => type === 'json' || type === 'jsonb');
    const isDistinct = relation === undefined && random.chance(0.1);
    const mayCombine = types === undefined && !hasWindow && relation === undefined && random.chance(0.15);
    return {
      source: first.source,
      joins,
      where: random.chance(0.5) ? randomExpression(random, 'boolean', place, DEPTH) : undefined,
      groups,
      having: isGrouped && random.chance(0.3) ? randomExpression(random, 'boolean', results, 2) : undefined,
      selections,
      isDistinct,
      orders:
        random.chance(0.6) && !hasWindow
          ? [
              {
                by: this.#sortable(results),
                direction: random.pick(['asc', 'desc']),
                nulls: random.pick([undefined, undefined, 'first', 'last']),
              },
            ]
          : [],
      isNumbered: random.chance(0.2),
      offset: !hasJson && random.chance(0.1) ? 1 + random.below(3) : undefined,
      limit: !hasJson && random.chance(0.2) ? 1 + random.below(5) : undefined,
      combined: mayCombine
        ? {
            operator: random.pick(['union', 'unionAll', 'except', 'intersect']),
            query: this.make(
              0,
              selections.map(({ type }) => type),
            ),
          }
        : undefined,
    };
  }

  /** Up to two joins, and the columns of all that is joined. */
  #joins(
    first: readonly ColumnOf[],
    levels: number,
  ): { readonly columns: readonly ColumnOf[]; readonly joins: RandomQuery['joins'] } {
    const random = this.#random;
    const joins: Mutable<RandomQuery['joins']> = [];
    let columns = first;
    while (joins.length < 2 && random.chance(0.3)) {
      const { columns: others, source } = this.#source(levels);
      columns = [...columns, ...others];
      const place: Place = { columns, tables: this.#tables, hasValues: true };
      const on = randomExpression(random, 'boolean', place, 2) ?? this.#isNotNull(columns);
      joins.push({ kind: random.pick(['innerJoin', 'leftJoin', 'leftJoin', 'rightJoin']), source, on });
    }
    return { columns, joins };
  }

  #source(levels: number): {
    readonly source: Source;
    readonly columns: readonly ColumnOf[];
    readonly unique: string | undefined;
  } {
    const random = this.#random;
    this.#aliases += 1;
    const alias = `s${this.#aliases}`;
    if (levels > 0 && random.chance(0.3)) {
      const query = this.make(levels - 1);
      const columns = query.selections.map(({ type }, index) => ({ name: `x${index}`, type }));
      const inner: RandomQuery = { ...query, orders: [], limit: undefined, offset: undefined };
      return {
        source: { alias, from: inner, isWith: random.chance(0.4) },
        columns: columnsOf(alias, columns),
        unique: undefined,
      };
    }
    const table = random.pick(this.#tables);
    return {
      source: { alias, from: table.name, isWith: false },
      columns: columnsOf(alias, table.columns),
      unique: `${alias}.id`,
    };
  }

  #groups(place: Place): readonly RandomExpression[] {
    const random = this.#random;
    const groups = Array.from({ length: random.below(3) }, () =>
      anyExpression(random, { ...place, hasValues: false }, 1),
    );
    return groups.filter(({ kind, type }) => type !== 'json' && kind !== 'subquery');
  }

  #selection(place: Place, type?: QueryType): RandomExpression {
    if (type === undefined) return anyExpression(this.#random, place, DEPTH);
    const found = randomExpression(this.#random, type, place, DEPTH);
    return found ?? anyExpression(this.#random, place, DEPTH);
  }

  #sortable(place: Place): RandomExpression {
    for (;;) {
      const found = anyExpression(this.#random, place, 2);
      if (found.type !== 'json') return found;
    }
  }

  #isNotNull(columns: readonly ColumnOf[]): RandomExpression {
    const place: Place = { columns, tables: this.#tables, hasValues: false };
    for (;;) {
      const found = randomExpression(this.#random, 'boolean', place, 2);
      if (found !== undefined) return found;
    }
  }
}
