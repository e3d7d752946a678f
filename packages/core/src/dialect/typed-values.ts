import type {
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryId,
  QueryResult,
  RootOperationNode,
  UnknownRow,
} from 'kysely';
import type { Catalog } from '../catalog/catalog.js';
import type { DatabaseSql } from '../driver/driver.js';
import { ValueError } from '../errors/data-errors.js';
import { UnsupportedError, UsageError } from '../errors/usage-errors.js';
import { type TablesOfQuery, TypedValuesTransformer } from './typed-transformer.js';

/** How a plain query was made: what it is made of again when a table has changed. */
export interface MadeQuery extends TablesOfQuery {
  /** The query with the caller's values, with what the plugins made of it. */
  readonly given: RootOperationNode;
  /** The query with encoded values. */
  readonly node: RootOperationNode;
  /** The tables by whose types the values were encoded. */
  readonly catalog: Catalog;
  /** The error with which a value or an expression was refused; the values are then not encoded. */
  readonly refusal: unknown;
}

/**
 * Applies the contract's rules for values (C1, C2) to plain Kysely queries. It checks and encodes every value that is inserted into a column, assigned to it or
 * compared with an expression by its type, exactly as a repository does. Values of columns that the catalog does not contain are bound by the driver, unchecked.
 */
export class TypedValues {
  readonly #sql: DatabaseSql;
  /** Reused by the queries of one catalog, because creating Kysely's transformer is expensive. */
  #transformer: TypedValuesTransformer | undefined;

  constructor(sql: DatabaseSql) {
    this.#sql = sql;
  }

  /** Makes a query for the tables of this catalog. */
  make(given: RootOperationNode, queryId: QueryId, catalog: Catalog): MadeQuery {
    if (this.#transformer?.catalog !== catalog)
      this.#transformer = new TypedValuesTransformer(catalog, this.#sql);
    const transformer = this.#transformer;
    try {
      const node = transformer.transformNode(given, queryId);
      return { given, node, catalog, ...transformer.takeNames(), refusal: undefined };
    } catch (error) {
      // The transformer still has the state of this query's tree.
      this.#transformer = undefined;
      if (!isRefusal(error)) throw error;
      return { given, node: given, catalog, ...transformer.takeNames(), refusal: error };
    }
  }
}

/** {@link TypedValues} as a plugin, for the expressions that the callbacks of a repository build. */
export class TypedValuesPlugin implements KyselyPlugin {
  readonly #catalog: () => Catalog;
  readonly #values: TypedValues;

  /** @param catalog returns the tables as last read. */
  constructor(catalog: () => Catalog, sql: DatabaseSql) {
    this.#catalog = catalog;
    this.#values = new TypedValues(sql);
  }

  /** @throws ValueError, UsageError or UnsupportedError. */
  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    const made = this.#values.make(node, queryId, this.#catalog());
    if (made.refusal !== undefined) throw made.refusal;
    return made.node;
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return result;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ValueError || error instanceof UsageError || error instanceof UnsupportedError;
}
