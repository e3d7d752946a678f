import { isDeepStrictEqual } from 'node:util';
import type { CompiledQuery, QueryCompiler, QueryId, RootOperationNode } from 'kysely';
import type { CatalogSource } from '../driver/catalog-source.js';
import type { CatalogOptions, DatabaseSql, ExecuteOptions } from '../driver/driver.js';
import { ValueError } from '../errors/data-errors.js';
import { StaleCatalogError } from '../errors/flow-errors.js';
import { UsageError } from '../errors/usage-errors.js';
import { inOwnNames } from '../naming/own-names.js';
import { fixedValue } from '../values/fixed-value.js';
import { FixingCompiler } from './fixing-compiler.js';
import { decodeRelations, type Relations, type ToProperty } from './relations.js';
import { type MadeQuery, TypedValues } from './typed-values.js';

/** Runs queries together, with these options. */
export type RunQueries<T> = (queries: readonly CompiledQuery[], options: ExecuteOptions) => Promise<T>;

/** How often queries are made for tables that are changed before they run. */
const MAX_ATTEMPTS = 10;

interface Attempt {
  readonly query: CompiledQuery;
  /** `undefined` when the query names no table, or was not compiled here. */
  readonly made: MadeQuery | undefined;
  /** Whether the caller cannot change the values in `made.given` any more. */
  readonly isFixed: boolean;
}

/** An identifier that keeps how its query was made. */
type Marked = QueryId & Record<symbol, Pick<Attempt, 'isFixed' | 'made'> | undefined>;

/**
 * Runs plain queries with values of the contract (C1). It is the compiler that encodes their values, and compiles a query again where its tables have changed
 * since they were read: Kysely compiles a query synchronously, so the database can be asked only when the query runs. What the known tables deny, such as a value
 * that is too long, is therefore refused when the query runs too.
 *
 * A compiler and no plugin: Kysely applies the plugins to a sub-query as well when it becomes part of another query, and its values would be encoded twice.
 */
export class TypedQueries implements QueryCompiler {
  readonly #catalog: CatalogSource;
  readonly #values: TypedValues;
  readonly #compiler: QueryCompiler;
  /** The property of a query's identifier that keeps how it was made. A WeakMap of all queries would take half of a plain query's time. */
  readonly #made = Symbol('made');
  /** The property of a query's identifier that keeps the relations in its result. */
  readonly #relations = Symbol('relations');
  readonly #toProperty: ToProperty;

  /** @param toProperty gives the application's name for a column of a relation. */
  constructor(catalog: CatalogSource, sql: DatabaseSql, toProperty: ToProperty) {
    this.#catalog = catalog;
    this.#values = new TypedValues(sql);
    this.#compiler = new FixingCompiler(sql);
    this.#toProperty = toProperty;
  }

  /** Gives the rows of a query's result the values of the relations in them, in place. @throws ValueError. */
  decode({ queryId }: CompiledQuery, rows: readonly object[]): void {
    const relations = (queryId as QueryId & Record<symbol, Relations | undefined>)[this.#relations];
    if (relations !== undefined) decodeRelations(rows, relations, this.#toProperty);
  }

  compileQuery<R = unknown>(node: RootOperationNode, queryId: QueryId): CompiledQuery<R> {
    const made = this.#values.make(node, queryId, this.#catalog.tables);
    if (made.tables.size > 0 || made.refusal !== undefined) {
      // It will be made again, when the caller may have changed its values.
      const isFixed = this.#isInDoubt(made);
      (queryId as Marked)[this.#made] = {
        made: isFixed ? { ...made, given: fixedValue(node) } : made,
        isFixed,
      };
    }
    return this.#compile(made, queryId);
  }

  /** Runs queries of this storage. @param options `within` is the transaction in which they run. */
  async run<T>(
    queries: readonly CompiledQuery[],
    options: CatalogOptions,
    execute: RunQueries<T>,
  ): Promise<T> {
    try {
      return await this.#run(queries, options, execute);
    } catch (error) {
      throw inOwnNames(error, { toProperty: this.#toProperty });
    }
  }

  async #run<T>(
    queries: readonly CompiledQuery[],
    options: CatalogOptions,
    execute: RunQueries<T>,
  ): Promise<T> {
    const { within: _, ...plain } = options;
    let attempts: readonly Attempt[] = queries.map((query) => {
      const { made, isFixed = false } = (query.queryId as Marked)[this.#made] ?? {};
      return { query, made, isFixed };
    });
    if (attempts.some(({ made }) => made !== undefined && this.#isInDoubt(made)))
      attempts = await this.#makeAgain(attempts, undefined, options);
    for (let count = 1; ; count += 1) {
      const madeFor = attempts.find(({ made }) => made !== undefined)?.made?.catalog;
      try {
        return await execute(
          attempts.map(({ query }) => query),
          { ...plain, madeFor },
        );
      } catch (error) {
        if (madeFor === undefined || count === MAX_ATTEMPTS || !this.#mayBeStale(error, options)) throw error;
        attempts = await this.#makeAgain(attempts, { error }, options);
      }
    }
  }

  #isInDoubt({ catalog, denied, refusal }: MadeQuery): boolean {
    const { isDoubted, tables } = this.#catalog;
    return isDoubted || tables !== catalog || denied.size > 0 || refusal !== undefined;
  }

  /** Whether the tables may have changed since they were read, and the queries may run again: the engine refused them before they did anything. */
  #mayBeStale(error: unknown, { within }: CatalogOptions): boolean {
    if (error instanceof StaleCatalogError) return true;
    const isEngines =
      (error instanceof UsageError || error instanceof ValueError) && error.cause !== undefined;
    if (!isEngines) return false;
    if (within === undefined) return true;
    // The transaction can do no more.
    this.#catalog.suspect();
    return false;
  }

  /** @param failure what came of the last attempt; `undefined` before the first. @throws its error, or a refusal, when no table has changed. */
  async #makeAgain(
    attempts: readonly Attempt[],
    failure: { readonly error: unknown } | undefined,
    options: CatalogOptions,
  ): Promise<Attempt[]> {
    const isProven = failure?.error instanceof StaleCatalogError;
    for (const { made } of attempts)
      if (made !== undefined) await this.#ask(made, failure === undefined, { ...options, isProven });
    const next = attempts.map((attempt) => this.#renewed(attempt, failure, options));
    const isUnchanged = next.every(({ query }, index) => query === attempts[index]?.query);
    if (isUnchanged && failure !== undefined && !isProven) throw failure.error;
    return next;
  }

  async #ask(
    made: MadeQuery,
    isFirst: boolean,
    options: CatalogOptions & { readonly isProven: boolean },
  ): Promise<void> {
    const onlyDenied = isFirst && made.refusal === undefined && !this.#catalog.isDoubted;
    for (const table of onlyDenied ? made.denied : made.tables) {
      if (this.#catalog.tables !== made.catalog && !this.#catalog.isDoubted) return;
      await this.#catalog.ask(table, { ...options, answeredBy: made.catalog });
    }
  }

  /** The query, compiled again if one of its tables has changed. @throws the refusal of a value; StaleCatalogError. */
  #renewed(
    attempt: Attempt,
    failure: { readonly error: unknown } | undefined,
    { label: operation }: CatalogOptions,
  ): Attempt {
    const { query, made, isFixed } = attempt;
    if (made === undefined) return attempt;
    const { tables } = this.#catalog;
    if ([...made.tables].every((table) => tables.get(table) === made.catalog.get(table))) {
      if (made.refusal !== undefined) throw made.refusal;
      return { ...attempt, made: { ...made, catalog: tables, denied: NONE } };
    }
    // The caller may have changed the query, or its values.
    if (query.query !== made.node || !(isFixed || this.#isAsGiven(query, made)))
      throw failure?.error ?? made.refusal ?? new StaleCatalogError({ operation });
    const next = this.#values.make(made.given, query.queryId, tables);
    if (next.refusal !== undefined) throw next.refusal;
    return { query: this.#compile(next, query.queryId), made: { ...next, denied: NONE }, isFixed };
  }

  #isAsGiven(query: CompiledQuery, made: MadeQuery): boolean {
    const again = this.#values.make(made.given, query.queryId, made.catalog);
    return isDeepStrictEqual(this.#compile(again, query.queryId).parameters, query.parameters);
  }

  /** A query that was refused is compiled as it was given, and never runs like that; the engine's own refusal must not hide the other one. */
  #compile<R = unknown>({ node, refusal, relations }: MadeQuery, queryId: QueryId): CompiledQuery<R> {
    if (relations !== undefined)
      (queryId as QueryId & Record<symbol, Relations | undefined>)[this.#relations] = relations;
    if (refusal === undefined) return this.#compiler.compileQuery(node, queryId);
    try {
      return this.#compiler.compileQuery(node, queryId);
    } catch {
      return { query: node, queryId, sql: '', parameters: [] };
    }
  }
}

const NONE: ReadonlySet<string> = new Set();
