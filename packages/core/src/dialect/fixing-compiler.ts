import type { CompiledQuery, QueryCompiler, QueryId, RootOperationNode } from 'kysely';
import type { DatabaseSql } from '../driver/driver.js';
import { fixedValue } from '../values/fixed-value.js';

/**
 * The compiler of plain queries. It copies their values, because the caller may change its own before the query runs. Kysely compiles a query in the turn in
 * which it is executed.
 */
export class FixingCompiler implements QueryCompiler {
  readonly #compiler: QueryCompiler;
  readonly #sql: Pick<DatabaseSql, 'fixed'>;

  constructor(sql: Pick<DatabaseSql, 'createQueryCompiler' | 'fixed'>) {
    this.#compiler = sql.createQueryCompiler();
    this.#sql = sql;
  }

  compileQuery<R = unknown>(node: RootOperationNode, queryId: QueryId): CompiledQuery<R> {
    const compiled = this.#compiler.compileQuery(node, queryId);
    return { ...compiled, parameters: compiled.parameters.map((value) => this.#fix(value)) };
  }

  #fix(value: unknown): unknown {
    return fixedValue(this.#sql.fixed === undefined ? value : this.#sql.fixed(value));
  }
}
