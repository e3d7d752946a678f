import { createQueryId, type KyselyPlugin, type RootOperationNode, TableNode } from 'kysely';
import { splitName } from '../catalog/catalog.js';

/** The table of a repository in a query that holds the expression of a callback. */
export function tableNode(name: string): TableNode {
  const { table, schema } = splitName(name);
  return schema === undefined ? TableNode.create(table) : TableNode.createWithSchema(schema, table);
}

/** What the plugins of plain Kysely queries make of a query that holds the expression of a callback. */
export function throughPlugins(
  plugins: readonly KyselyPlugin[],
  query: RootOperationNode,
): RootOperationNode {
  const queryId = createQueryId();
  return plugins.reduce((node, plugin) => plugin.transformQuery({ node, queryId }), query);
}
