import { UsageError } from '@sluice/core';
import { createQueryId, type OperationNode, type RootOperationNode } from 'kysely';
import { PortableSqliteQueryCompiler } from '../dialect/query-compiler.js';

/** Compiles a part of a schema statement to SQL. */
export type CompileNode = (node: OperationNode) => string;

/**
 * Compiles with {@link PortableSqliteQueryCompiler}.
 *
 * @throws UsageError when the node has parameters, which a schema statement cannot have.
 */
export const compileNode: CompileNode = (node) => {
  // The compiler can visit every node, although its type accepts only whole statements.
  const { sql, parameters } = new PortableSqliteQueryCompiler().compileQuery(
    node as RootOperationNode,
    createQueryId(),
  );
  if (parameters.length === 0) return sql.trimEnd();
  throw new UsageError(
    'invalid_query',
    'A schema takes no parameters. Write values into raw SQL with sql.lit(…).',
  );
};
