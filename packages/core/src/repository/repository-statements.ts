import {
  type CompiledQuery,
  type Expression,
  expressionBuilder,
  type Kysely,
  type KyselyPlugin,
  type SelectQueryBuilder,
  type SqlBool,
  sql,
} from 'kysely';
import { toStatement } from '../dialect/database-dialect.js';
import type { Access, DatabaseSql, Row, Statement } from '../driver/driver.js';
import { UsageError } from '../errors/usage-errors.js';
import { readCursor } from './cursor.js';
import { invalidQuery } from './invalid-query.js';
import { applyTerm, type OrderTerm, parseOrder, rowsAfter, totalOrder } from './order.js';
import type { ShapeColumn, TableShape } from './table-shape.js';
import { type AnyTables, WhereCompiler } from './where.js';

type Select = SelectQueryBuilder<AnyTables, string, Row>;

/** What a `find` may be given; every part may come untyped. */
export interface RawQuery {
  readonly where?: unknown;
  readonly orderBy?: unknown;
  readonly limit?: unknown;
  readonly offset?: unknown;
}

/** A row or patch by column, its values encoded. */
type EncodedRow = Map<ShapeColumn, unknown>;

/** Builds the statements of one table's repository. It executes nothing. */
export class RepositoryStatements {
  readonly shape: TableShape;
  readonly #kysely: Kysely<AnyTables>;
  readonly #where: WhereCompiler;
  readonly #maxParameters: number;

  constructor(
    shape: TableShape,
    kysely: Kysely<AnyTables>,
    databaseSql: DatabaseSql,
    plugins: readonly KyselyPlugin[],
    maxParameters: number,
  ) {
    this.shape = shape;
    this.#kysely = kysely;
    this.#where = new WhereCompiler(shape, databaseSql, plugins);
    this.#maxParameters = maxParameters;
  }

  get(key: unknown): Statement {
    const query = this.#select().where(this.#where.key(this.shape.keyValues(key)));
    return { ...compile(query, 'read'), isBounded: true };
  }

  /** Rows under any of `keys`; several statements when one cannot hold the parameters. */
  getMany(keys: readonly unknown[]): Statement[] {
    const encoded = keys.map((key) => this.shape.keyValues(key));
    const width = this.shape.key.length;
    const size =
      width === 1 ? Math.max(1, encoded.length) : Math.min(500, Math.floor(this.#maxParameters / width));
    return chunks(encoded, size).map((chunk) =>
      compile(this.#select().where(this.#where.keys(chunk)), 'read'),
    );
  }

  has(key: unknown): Statement {
    const query = this.#from()
      .select(sql<number>`1`.as('found'))
      .where(this.#where.key(this.shape.keyValues(key)));
    return { ...compile(query, 'read'), isBounded: true };
  }

  find(query: RawQuery): Statement {
    const { where, orderBy, limit, offset, ...others } = parts(query);
    refuseStrays(others);
    let select = this.#ordered(this.#filtered(this.#select(), where), parseOrder(this.shape, orderBy));
    if (limit !== undefined) select = select.limit(wholeNumber('limit', limit));
    if (offset !== undefined) {
      if (limit === undefined) select = select.limit(BIGGEST_LIMIT);
      select = select.offset(wholeNumber('offset', offset));
    }
    return compile(select, accessOf(where));
  }

  /** One page and one row more, which tells whether there is a next page. */
  page(query: RawQuery & { readonly size: unknown; readonly cursor?: unknown }): {
    readonly statement: Statement;
    readonly terms: readonly OrderTerm[];
    readonly size: number;
  } {
    const { where, orderBy, size: rawSize, cursor, ...others } = parts(query);
    refuseStrays(others);
    const size = wholeNumber('size', rawSize);
    if (size === 0) throw invalidQuery('`size` must be at least 1');
    const terms = totalOrder(this.shape, parseOrder(this.shape, orderBy));
    let select = this.#ordered(this.#filtered(this.#select(), where), terms).limit(size + 1);
    if (cursor !== undefined)
      select = select.where(rowsAfter(this.shape, terms, readCursor(this.shape, terms, cursor)));
    return { statement: compile(select, accessOf(where)), terms, size };
  }

  count(filter: RawQuery): Statement {
    const { where, ...others } = parts(filter);
    refuseStrays(others);
    const query = this.#filtered(this.#from(), where).select((eb) => eb.fn.countAll().as('rows'));
    return compile(query, accessOf(where));
  }

  insert(row: unknown): Statement {
    const encoded = this.#encode(row);
    const insert = this.#kysely.insertInto(this.shape.name);
    const filled = encoded.size === 0 ? insert.defaultValues() : insert.values(toRecord(encoded));
    return compile(filled.returningAll(), 'write');
  }

  /** Statements that store `rows` in order: consecutive rows with the same columns go together as far as parameters allow. */
  insertMany(rows: readonly unknown[]): Statement[] {
    const encoded = rows.map((row) => this.#encode(row));
    return runsOfSameColumns(encoded).flatMap((run) => {
      const width = run[0]?.size ?? 0;
      if (width === 0)
        return run.map(() => compile(this.#kysely.insertInto(this.shape.name).defaultValues(), 'write'));
      return chunks(run, Math.max(1, Math.min(1000, Math.floor(this.#maxParameters / width)))).map((chunk) =>
        compile(this.#kysely.insertInto(this.shape.name).values(chunk.map(toRecord)), 'write'),
      );
    });
  }

  upsert(row: unknown, update: readonly string[] | undefined): Statement {
    const encoded = this.#encode(row);
    for (const column of this.shape.key) {
      if (encoded.get(column) === undefined || encoded.get(column) === null) {
        throw new UsageError(
          'invalid_key',
          `An upsert into "${this.shape.name}" needs its key "${column.property}".`,
        );
      }
    }
    const key = this.shape.key.map((column) => column.property);
    const changed =
      update?.map((property) => this.shape.column(property)) ??
      [...encoded.keys()].filter((column) => !this.shape.key.includes(column));
    // With nothing to change, the key is written over itself, so that the row is returned all the same.
    const written = changed.length > 0 ? changed : this.shape.key;
    const query = this.#kysely
      .insertInto(this.shape.name)
      .values(toRecord(encoded))
      .onConflict((conflict) =>
        conflict
          .columns(key)
          .doUpdateSet((eb) =>
            Object.fromEntries(
              written.map(({ property }) => [property, eb.ref(`excluded.${property}` as never)]),
            ),
          ),
      );
    return compile(query.returningAll(), 'write');
  }

  update(key: unknown, patch: unknown): Statement {
    const where = this.#where.key(this.shape.keyValues(key));
    return compile(this.#update(patch).where(where).returningAll(), 'write');
  }

  updateMany(filter: RawQuery, patch: unknown): Statement {
    return compile(this.#update(patch).where(this.#requiredWhere(filter)), 'write');
  }

  delete(key: unknown): Statement {
    const where = this.#where.key(this.shape.keyValues(key));
    return compile(this.#kysely.deleteFrom(this.shape.name).where(where), 'write');
  }

  deleteMany(filter: RawQuery): Statement {
    return compile(this.#kysely.deleteFrom(this.shape.name).where(this.#requiredWhere(filter)), 'write');
  }

  #from(): SelectQueryBuilder<AnyTables, string, object> {
    return this.#kysely.selectFrom(this.shape.name) as SelectQueryBuilder<AnyTables, string, object>;
  }

  #select(): Select {
    return this.#from().selectAll() as unknown as Select;
  }

  #filtered<O>(
    query: SelectQueryBuilder<AnyTables, string, O>,
    where: unknown,
  ): SelectQueryBuilder<AnyTables, string, O> {
    const condition = this.#where.compile(where);
    return condition === undefined ? query : query.where(condition);
  }

  #ordered(query: Select, terms: readonly OrderTerm[]): Select {
    const eb = expressionBuilder<AnyTables, string>();
    return terms.reduce((select, term) => {
      const column: Expression<unknown> = eb.ref(term.column.property as never);
      return select.orderBy(this.shape.comparable(term.column, column), applyTerm(term));
    }, query);
  }

  #update(patch: unknown) {
    const encoded = this.#encode(patch);
    if (encoded.size === 0) throw invalidQuery(`the patch of "${this.shape.name}" changes nothing`);
    return this.#kysely.updateTable(this.shape.name).set(toRecord(encoded));
  }

  /** Changing every row is asked for by `where: {}`, never by leaving it out. */
  #requiredWhere(filter: RawQuery): Expression<SqlBool> {
    const { where, ...others } = parts(filter);
    refuseStrays(others);
    const condition = this.#where.compile(where);
    if (condition === undefined) throw invalidQuery('`where` is missing; `where: {}` means every row');
    return condition;
  }

  /** Checks and encodes a row or patch, which may come untyped; what is undefined is left to the column's default. */
  #encode(row: unknown): EncodedRow {
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      throw invalidQuery('a row must be an object');
    const encoded: EncodedRow = new Map();
    for (const [property, value] of Object.entries(row)) {
      if (value === undefined) continue;
      const column = this.shape.column(property);
      if (column.isGenerated)
        throw invalidQuery(`"${property}" is computed by the database and cannot be written`);
      encoded.set(column, this.shape.encode(column, value));
    }
    return encoded;
  }
}

/** PostgreSQL takes OFFSET alone, SQLite wants a LIMIT before it. */
const BIGGEST_LIMIT = Number.MAX_SAFE_INTEGER;

function compile(query: { compile(): CompiledQuery }, access: Access): Statement {
  const statement = toStatement(query.compile());
  // What a callback brought in may write; its tree has the last word.
  return access === 'unknown' ? statement : { ...statement, access };
}

function accessOf(where: unknown): Access {
  return where === undefined ? 'read' : 'unknown';
}

function toRecord(encoded: EncodedRow): Record<string, unknown> {
  return Object.fromEntries([...encoded].map(([column, value]) => [column.property, value]));
}

function runsOfSameColumns(rows: readonly EncodedRow[]): EncodedRow[][] {
  const runs: EncodedRow[][] = [];
  let previous = '';
  for (const row of rows) {
    const columns = JSON.stringify([...row.keys()].map((column) => column.name).sort());
    if (columns === previous) runs.at(-1)?.push(row);
    else runs.push([row]);
    previous = columns;
  }
  return runs;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let at = 0; at < items.length; at += size) result.push(items.slice(at, at + size));
  return result;
}

function wholeNumber(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidQuery(`\`${name}\` must be a whole number, 0 or more`);
}

/** A query may come untyped. */
function parts<T>(query: T): T {
  if (typeof query === 'object' && query !== null && !Array.isArray(query)) return query;
  throw invalidQuery('a query must be an object such as `{ where: { … } }`');
}

function refuseStrays(others: object): void {
  const [stray] = Object.keys(others);
  if (stray !== undefined) throw invalidQuery(`there is no option "${stray}"`);
}
