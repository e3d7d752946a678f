import {
  AliasNode,
  ColumnNode,
  type CommonTableExpressionNode,
  DeleteQueryNode,
  FromNode,
  IdentifierNode,
  InsertQueryNode,
  type JoinNode,
  type OperationNode,
  ParensNode,
  ReferenceNode,
  SelectAllNode,
  type SelectionNode,
  SelectQueryNode,
  TableNode,
  UpdateQueryNode,
  WithNode,
} from 'kysely';
import { type Catalog, type CatalogColumn, type CatalogTable, findTable } from '../catalog/catalog.js';
import { asText, type ExpressionType } from './expression-type.js';

/** The column that a name in a query refers to. */
export interface FoundColumn {
  readonly type: ExpressionType | undefined;
  /** Whether the column can be NULL in this query: it is nullable itself, or an outer join may have no row of its table. */
  readonly isNullable: boolean;
  /** The column of the database; `undefined` for one of a sub-query. */
  readonly stored: CatalogColumn | undefined;
}

/** The columns of a table or of a sub-query, by name. */
export type Columns = ReadonlyMap<string, FoundColumn>;

/** A column of a result with its name. */
export type NamedColumn = readonly [name: string, column: FoundColumn];

/** Gives the type of an expression in the scopes as they are. */
export type TypeOf = (node: OperationNode) => ExpressionType | undefined;

/** What a query reads from, by the names or aliases in it. */
interface Scope {
  /** `undefined` columns are unknown. They are found when they are asked for, because most queries never ask for those of a sub-query. */
  readonly relations: ReadonlyMap<string, () => Columns | undefined>;
  /** The tables of the database that the query names, known or not, by the same names. */
  readonly named: ReadonlyMap<string, string>;
  readonly hasOuterJoin: boolean;
  /** Whether it reads from sub-queries or common table expressions too. */
  readonly hasDerived: boolean;
  /** Whether it reads from something that has no entry in `relations`. */
  readonly hasUnknown: boolean;
}

/** The scopes of a place in a query, innermost first. */
interface Place {
  readonly scopes: readonly Scope[];
  /** The common table expressions that are visible. */
  readonly expressions: ReadonlyMap<string, () => Columns | undefined>;
  /** Whether it is inside of raw SQL whose type the application declared. */
  readonly isDeclared: boolean;
}

/** Tracks which columns are visible in each sub-query while a query's tree is walked. */
export class QueryScopes {
  readonly #catalog: Catalog;
  readonly #typeOf: TypeOf;
  #tables = new Set<string>();
  #place: Place = { scopes: [], expressions: new Map(), isDeclared: false };

  constructor(catalog: Catalog, typeOf: TypeOf) {
    this.#catalog = catalog;
    this.#typeOf = typeOf;
  }

  /** The tables of the database that the queries walked since the last call name, known or not. */
  takeTables(): ReadonlySet<string> {
    const tables = this.#tables;
    this.#tables = new Set();
    return tables;
  }

  /** Whether the walk is inside of a query. */
  get isInQuery(): boolean {
    return this.#place.scopes.length > 0;
  }

  /** Whether the innermost query reads from others than tables of the database. */
  get hasDerived(): boolean {
    return this.#place.scopes[0]?.hasDerived ?? false;
  }

  /** Whether the walk is inside of raw SQL whose type the application declared. */
  get isDeclared(): boolean {
    return this.#place.isDeclared;
  }

  /** Runs `walk` inside of raw SQL whose type the application declared. */
  declared<T>(walk: () => T): T {
    const outer = this.#place;
    this.#place = { ...outer, isDeclared: true };
    try {
      return walk();
    } finally {
      this.#place = outer;
    }
  }

  /** Runs `walk`. When `node` is a query, its tables are visible meanwhile. */
  within<T>(node: OperationNode, walk: () => T): T {
    const tables = tablesOf(node);
    if (tables === undefined) return walk();
    const outer = this.#place;
    const expressions = this.#expressionsOf(node);
    this.#place = { ...outer, expressions };
    this.#place = { ...outer, expressions, scopes: [this.#scopeOf(node, tables), ...outer.scopes] };
    try {
      return walk();
    } finally {
      this.#place = outer;
    }
  }

  /**
   * The column that a node refers to here; `undefined` when it names none, no known table has it, or several do. In raw SQL of a declared type a numeric is
   * decimal text, whatever its column stores.
   */
  named(node: OperationNode): FoundColumn | undefined {
    const name = columnName(node);
    const found = name === undefined ? undefined : this.find(name.column, name.table);
    return this.isDeclared && found?.type?.isScaled === true ? { ...found, type: asText(found.type) } : found;
  }

  /** The column that `name` refers to here; `undefined` when no known table has it, or several do. */
  find(name: string, table?: string): FoundColumn | undefined {
    for (const { relations, hasOuterJoin } of this.#place.scopes) {
      let found: FoundColumn | undefined;
      for (const [alias, columns] of relations) {
        const isMeant = table === undefined ? alias !== EXCLUDED : alias === table;
        const column = isMeant ? columns()?.get(name) : undefined;
        if (column === undefined) continue;
        if (found !== undefined) return undefined;
        found = hasOuterJoin && !column.isNullable ? { ...column, isNullable: true } : column;
      }
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The tables of the database that might have the column `name` by now, although no known one has it. */
  denying(name: string, table?: string): readonly string[] {
    if (this.find(name, table) !== undefined) return [];
    const denying: string[] = [];
    for (const { named } of this.#place.scopes) {
      for (const [alias, real] of named) if (table === undefined || alias === table) denying.push(real);
    }
    return denying;
  }

  /** The columns of a query's result; those of a table that is not known are left out. */
  columnsOf(query: OperationNode): Columns {
    return new Map(this.columnList(query));
  }

  /** The same with the names, in the order of the result, in which two columns may have one name. */
  columnList(query: OperationNode): readonly NamedColumn[] {
    const inner = ParensNode.is(query) ? query.node : query;
    return this.within(inner, () => {
      const columns = this.ownColumns(inner);
      return SelectQueryNode.is(inner) && inner.setOperations !== undefined
        ? this.#combined(columns, inner)
        : columns;
    });
  }

  /** The columns that a query itself selects or returns, without the others of a set operation, here. */
  ownColumns(query: OperationNode): readonly NamedColumn[] {
    return selectionsOf(query).flatMap((selection) => [...this.#selected(selection)]);
  }

  /**
   * The columns of a set operation. They hold microseconds where those of any of its queries do, and numerics as whole numbers where those of all do, in one
   * scale. A recursive query has unknown columns while they are looked for; its numerics are text.
   */
  #combined(
    columns: readonly NamedColumn[],
    { setOperations = [] }: SelectQueryNode,
  ): readonly NamedColumn[] {
    const others = setOperations.map(({ expression }) => this.columnList(expression));
    return columns.map(([name, column], index) => {
      const types = [column, ...others.map((found) => found[index]?.[1])].map((found) => found?.type);
      return [name, { ...column, stored: undefined, type: column.type && combinedType(column.type, types) }];
    });
  }

  /** Whether the columns of a query's result are all known: it names them, or selects all of tables that are known. */
  knowsColumnsOf(query: OperationNode): boolean {
    return this.within(query, () =>
      selectionsOf(query).every(({ selection }) => {
        if (!isAll(selection)) return selectedName(selection) !== undefined;
        const scope = this.#place.scopes[0];
        return (
          scope !== undefined &&
          !scope.hasUnknown &&
          [...scope.relations.values()].every((of) => of() !== undefined)
        );
      }),
    );
  }

  /** The columns that one selection gives, here. */
  #selected({ selection }: SelectionNode): Iterable<NamedColumn> {
    if (SelectAllNode.is(selection)) return this.#all();
    if (ReferenceNode.is(selection) && SelectAllNode.is(selection.column))
      return this.#all(selection.table?.table.identifier.name);
    const name = selectedName(selection);
    return name === undefined ? [] : [[name, this.#columnOf(selection)]];
  }

  #columnOf(selection: OperationNode): FoundColumn {
    const found = this.named(AliasNode.is(selection) ? selection.node : selection);
    return found ?? { type: this.#typeOf(selection), isNullable: true, stored: undefined };
  }

  #all(table?: string): readonly (readonly [string, FoundColumn])[] {
    const { relations = new Map() } = this.#place.scopes[0] ?? {};
    return [...relations].flatMap(([alias, columns]) =>
      (table === undefined ? alias !== EXCLUDED : alias === table)
        ? [...((columns() as Columns | undefined) ?? [])]
        : [],
    );
  }

  #scopeOf(node: OperationNode, nodes: readonly OperationNode[]): Scope {
    const relations = new Map<string, () => Columns | undefined>();
    const named = new Map<string, string>();
    let hasDerived = false;
    let hasUnknown = false;
    for (const each of nodes) {
      const name = nameOf(each);
      if (name === undefined) {
        hasDerived = true;
        const derived = derivedOf(each);
        if (derived === undefined) hasUnknown = true;
        else relations.set(derived.alias, this.#later(derived.query));
        continue;
      }
      const { schema } = name;
      const expression = schema === undefined ? this.#place.expressions.get(name.table) : undefined;
      if (expression !== undefined) {
        hasDerived = true;
        relations.set(name.alias, expression);
        // It may be the table of that name, of which the expression itself reads.
        if (this.#catalog.has(name.table)) this.#tables.add(name.table);
        continue;
      }
      const table = findTable(this.#catalog, name.table, schema);
      // Tables of two schemas may have one name; a column is then told by its schema, and is not looked up here.
      if (relations.has(name.alias)) relations.set(name.alias, () => undefined);
      else if (table !== undefined) relations.set(name.alias, () => columnsOfTable(table));
      else hasUnknown = true;
      if (table === undefined && schema !== undefined) hasDerived = true;
      const real = table?.name ?? (schema === undefined ? name.table : `${schema}.${name.table}`);
      named.set(name.alias, real);
      this.#tables.add(real);
    }
    const [into] = InsertQueryNode.is(node) ? relations.values() : [];
    if (into !== undefined) relations.set(EXCLUDED, into);
    return { relations, named, hasOuterJoin: hasOuterJoin(node), hasDerived, hasUnknown };
  }

  #expressionsOf(node: OperationNode): Place['expressions'] {
    const clause = 'with' in node ? (node.with as OperationNode | undefined) : undefined;
    if (clause === undefined || !WithNode.is(clause)) return this.#place.expressions;
    const visible = new Map(this.#place.expressions);
    const outer = this.#place;
    for (const expression of clause.expressions) {
      const name = expression.name.table.table.identifier.name;
      const seen = clause.recursive === true ? visible : new Map(visible);
      const columns = this.#later(expression.expression, { ...outer, expressions: seen });
      visible.set(name, () => renamed(columns(), expression));
    }
    return visible;
  }

  /** The columns of a query, found when they are asked for first. A recursive query has unknown columns while they are looked for. */
  #later(query: OperationNode, place: Place = this.#place): () => Columns | undefined {
    let columns: Columns | undefined;
    let isAsked = false;
    return () => {
      if (isAsked) return columns;
      isAsked = true;
      const current = this.#place;
      this.#place = place;
      try {
        columns = this.columnsOf(query);
      } finally {
        this.#place = current;
      }
      return columns;
    };
  }
}

/** The row that could not be inserted, in ON CONFLICT. Its columns are never meant without this name. */
const EXCLUDED = 'excluded';

/** A column's name, and that of its table where the query gives it. */
export function columnName(
  node: OperationNode,
): { readonly column: string; readonly table: string | undefined } | undefined {
  if (ColumnNode.is(node)) return { column: node.column.name, table: undefined };
  if (!ReferenceNode.is(node) || !ColumnNode.is(node.column)) return undefined;
  return { column: node.column.column.name, table: node.table?.table.identifier.name };
}

/** The name of the column of the result; `undefined` when it has none of its own. */
export function selectedName(selection: OperationNode): string | undefined {
  if (!AliasNode.is(selection)) return columnName(selection)?.column;
  return IdentifierNode.is(selection.alias) ? selection.alias.name : undefined;
}

/** Whether the selection is all columns, of all tables or of one. */
export function isAll(selection: OperationNode): boolean {
  return SelectAllNode.is(selection) || (ReferenceNode.is(selection) && SelectAllNode.is(selection.column));
}

/** What a query selects or returns. */
export function selectionsOf(query: OperationNode): readonly SelectionNode[] {
  if (SelectQueryNode.is(query)) return query.selections ?? [];
  if (InsertQueryNode.is(query) || UpdateQueryNode.is(query) || DeleteQueryNode.is(query))
    return query.returning?.selections ?? [];
  return [];
}

/** Cache by table, which is replaced when the table changes. */
const tableColumns = new WeakMap<CatalogTable, Columns>();

function columnsOfTable(table: CatalogTable): Columns {
  let columns = tableColumns.get(table);
  if (columns === undefined) {
    columns = new Map([...table.columns].map(([name, column]) => [name, storedColumn(table, column)]));
    tableColumns.set(table, columns);
  }
  return columns;
}

function storedColumn({ name: table }: CatalogTable, stored: CatalogColumn): FoundColumn {
  const { name: column, isNullable, type } = stored;
  const place = { table, column };
  if (type === undefined) return { type, isNullable, stored };
  const { name, scale, isScaled, hasMicroseconds } = type;
  return { type: { name, scale, isScaled, place, hasMicroseconds }, isNullable, stored };
}

/** The type of a column of a set operation. @param type that of its first query. @param types those of all its queries. */
function combinedType(type: ExpressionType, types: readonly (ExpressionType | undefined)[]): ExpressionType {
  const hasMicroseconds = types.some((each) => each?.hasMicroseconds === true);
  const isNull = (each: ExpressionType | undefined): boolean => each?.name === 'null';
  const scale = types.every((each) => isNull(each) || each?.scale === type.scale) ? type.scale : undefined;
  const isScaled = scale !== undefined && types.every((each) => isNull(each) || each?.isScaled === true);
  const form = { ...(isScaled ? type : asText(type)), scale };
  return hasMicroseconds ? { ...form, hasMicroseconds } : form;
}

function renamed(
  columns: Columns | undefined,
  { name: { columns: names } }: CommonTableExpressionNode,
): Columns | undefined {
  if (names === undefined || columns === undefined) return columns;
  const found = [...columns.values()];
  return found.length === names.length
    ? new Map(names.map(({ column }, index) => [column.name, found[index] as FoundColumn]))
    : undefined;
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

/** A sub-query in FROM. */
function derivedOf(
  node: OperationNode,
): { readonly query: OperationNode; readonly alias: string } | undefined {
  if (!AliasNode.is(node) || !IdentifierNode.is(node.alias)) return undefined;
  const query = ParensNode.is(node.node) ? node.node.node : node.node;
  return tablesOf(query) === undefined ? undefined : { query, alias: node.alias.name };
}

interface TableName {
  readonly schema: string | undefined;
  readonly table: string;
  readonly alias: string;
}

function nameOf(node: OperationNode): TableName | undefined {
  if (AliasNode.is(node)) {
    const name = nameOf(node.node);
    return name !== undefined && IdentifierNode.is(node.alias)
      ? { ...name, alias: node.alias.name }
      : undefined;
  }
  if (!TableNode.is(node)) return undefined;
  const { schema, identifier } = node.table;
  return { schema: schema?.name, table: identifier.name, alias: identifier.name };
}
