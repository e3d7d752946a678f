import {
  AliasNode,
  DeleteQueryNode,
  FromNode,
  IdentifierNode,
  InsertQueryNode,
  type JoinNode,
  type OperationNode,
  SelectQueryNode,
  TableNode,
  UpdateQueryNode,
  WithNode,
} from 'kysely';
import type { Catalog, CatalogColumn, CatalogTable } from '../catalog/catalog.js';

/** The column that a name in a query refers to. */
export interface FoundColumn {
  readonly table: string;
  readonly column: CatalogColumn;
  /** Whether the column can be NULL in this query: it is nullable itself, or an outer join may have no row of its table. */
  readonly isNullable: boolean;
}

/** The tables of one query, by their names or aliases in it. */
interface Scope {
  readonly tables: ReadonlyMap<string, CatalogTable>;
  /** The tables of the database that the query names, known or not, by the same names. */
  readonly named: ReadonlyMap<string, string>;
  readonly hasOuterJoin: boolean;
}

/** Tracks which tables are visible in each sub-query while a query's tree is walked. */
export class TableScopes {
  readonly #catalog: Catalog;
  readonly #tables = new Set<string>();
  /** Innermost first. */
  #scopes: readonly Scope[] = [];
  /** The names of the common table expressions that are visible. */
  #expressions: readonly string[] = [];

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** The tables of the database that the walked queries name, known or not. */
  get tables(): ReadonlySet<string> {
    return this.#tables;
  }

  /** Runs `walk`. When `node` is a query, its tables are visible meanwhile. */
  within<T>(node: OperationNode, walk: () => T): T {
    const tables = tablesOf(node);
    if (tables === undefined) return walk();
    const [outer, expressions] = [this.#scopes, this.#expressions];
    this.#expressions = [...expressionsOf(node), ...expressions];
    this.#scopes = [this.#scopeOf(node, tables), ...outer];
    try {
      return walk();
    } finally {
      this.#scopes = outer;
      this.#expressions = expressions;
    }
  }

  /** The column that `name` refers to here; `undefined` when no known table has it, or several do. */
  find(name: string, table?: string): FoundColumn | undefined {
    for (const { tables, hasOuterJoin } of this.#scopes) {
      let found: FoundColumn | undefined;
      for (const [alias, candidate] of tables) {
        const column = table === undefined || alias === table ? candidate.columns.get(name) : undefined;
        if (column === undefined) continue;
        if (found !== undefined) return undefined;
        found = { table: candidate.name, column, isNullable: hasOuterJoin || column.isNullable };
      }
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The tables of the database that might have the column `name` by now, although no known one has it. */
  denying(name: string, table?: string): readonly string[] {
    if (this.find(name, table) !== undefined) return [];
    const denying: string[] = [];
    for (const { named } of this.#scopes) {
      for (const [alias, real] of named) if (table === undefined || alias === table) denying.push(real);
    }
    return denying;
  }

  #scopeOf(node: OperationNode, nodes: readonly OperationNode[]): Scope {
    const tables = new Map<string, CatalogTable>();
    const named = new Map<string, string>();
    for (const each of nodes) {
      const name = nameOf(each);
      if (name === undefined) continue;
      const table = this.#catalog.get(name.table);
      if (table !== undefined) tables.set(name.alias, table);
      if (this.#expressions.includes(name.table)) continue;
      named.set(name.alias, name.table);
      this.#tables.add(name.table);
    }
    return { tables, named, hasOuterJoin: hasOuterJoin(node) };
  }
}

function expressionsOf(node: OperationNode): readonly string[] {
  const clause = 'with' in node ? (node.with as OperationNode | undefined) : undefined;
  if (clause === undefined || !WithNode.is(clause)) return [];
  return clause.expressions.map(({ name }) => name.table.table.identifier.name);
}

/** The tables that a query reads from or writes to; `undefined` when the node is not a query. */
function tablesOf(node: OperationNode): readonly OperationNode[] | undefined {
  if (SelectQueryNode.is(node)) return [...fromsOf(node.from), ...joinsOf(node.joins)];
  if (DeleteQueryNode.is(node))
    return [...fromsOf(node.from), ...fromsOf(node.using), ...joinsOf(node.joins)];
  if (InsertQueryNode.is(node)) return node.into === undefined ? [] : [node.into];
  if (!UpdateQueryNode.is(node)) return undefined;
  return [...(node.table === undefined ? [] : [node.table]), ...fromsOf(node.from), ...joinsOf(node.joins)];
}

function hasOuterJoin(node: OperationNode): boolean {
  const joins = 'joins' in node ? (node.joins as readonly JoinNode[] | undefined) : undefined;
  return (
    joins?.some(({ joinType }) => !joinType.includes('InnerJoin') && !joinType.includes('CrossJoin')) ?? false
  );
}

function fromsOf(node: { readonly kind: string } | undefined): readonly OperationNode[] {
  if (node === undefined) return [];
  if (FromNode.is(node as OperationNode)) return (node as FromNode).froms;
  return 'tables' in node && Array.isArray(node.tables) ? node.tables : [];
}

function joinsOf(joins: readonly JoinNode[] | undefined): readonly OperationNode[] {
  return joins?.map((join) => join.table) ?? [];
}

function nameOf(node: OperationNode): { readonly table: string; readonly alias: string } | undefined {
  if (AliasNode.is(node)) {
    const table = nameOf(node.node)?.table;
    return table !== undefined && IdentifierNode.is(node.alias)
      ? { table, alias: node.alias.name }
      : undefined;
  }
  if (!TableNode.is(node) || node.table.schema !== undefined) return undefined;
  const name = node.table.identifier.name;
  return { table: name, alias: name };
}
