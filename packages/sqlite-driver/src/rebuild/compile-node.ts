import { UsageError } from '@sluice/core';
import { createQueryId, type OperationNode, type RootOperationNode } from 'kysely';
import { PortableSqliteQueryCompiler } from '../dialect/query-compiler.js';

/** Turns a part of a schema statement into SQL. */
export type CompileNode = (node: OperationNode) => string;

/** @throws UsageError when it holds parameters, which no engine takes in a schema. */
export const compileNode: CompileNode = (node) => {
  // The compiler's visitors know every node; its type names those that are statements.
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
