import { type TextKind, type Touched, touchedBy } from '../sql/harmless-sql.js';
import { type CatalogConnection, lookupOptions } from './catalog-connection.js';

/** When a table runs code: whenever it is used, or only when it is written to. */
export type CodeTime = 'always' | 'on_write';

/** What a table runs, of which it is not known that it changes nothing in a session. */
export type TableCode = ReadonlyMap<string, CodeTime>;

/**
 * Reads which tables and views run code that may change the session, by their names in any schema, and the names of functions. What a trigger or a policy
 * does is proven from its text where that is possible, so the usual trigger that sets a time does not count.
 */
export async function readTableCode(connection: CatalogConnection): Promise<TableCode> {
  const { rows } = await connection.run(CODE, [], lookupOptions());
  const graph = new CodeGraph();
  for (const { fields } of rows) {
    const [name = '', time, kind, text] = fields;
    const touched = text === null || text === undefined ? undefined : touchedBy(text, kind as TextKind);
    graph.add(
      name ?? '',
      time === 'always' ? 'always' : 'on_write',
      kind === 'reaches' ? reaching(text) : touched,
    );
  }
  return graph.solve();
}

/** Writes to a table reach another one. */
function reaching(name: string | null | undefined): Touched {
  return { names: new Set([name ?? '']), isWrite: true };
}

interface Piece {
  readonly name: string;
  readonly time: CodeTime;
  readonly touched: Touched;
}

/** Follows which tables the harmless code of other tables touches. */
class CodeGraph {
  readonly #known = new Map<string, CodeTime>();
  readonly #pieces: Piece[] = [];

  /** @param touched `undefined` for code of which nothing is known. */
  add(name: string, time: CodeTime, touched: Touched | undefined): void {
    if (touched === undefined) this.#raise(name, time);
    else this.#pieces.push({ name, time, touched });
  }

  solve(): TableCode {
    while (this.#pieces.filter((piece) => this.#spread(piece)).length > 0);
    return this.#known;
  }

  /** Returns whether more is known then. */
  #spread({ name, time, touched }: Piece): boolean {
    return !isFree(this.#known, touched) && this.#raise(name, time);
  }

  #raise(name: string, time: CodeTime): boolean {
    const before = this.#known.get(name);
    if (before === 'always' || before === time) return false;
    this.#known.set(name, time);
    return true;
  }
}

/** Whether what a text touches runs no code that may change the session. */
export function isFree(code: TableCode, { names, isWrite }: Touched): boolean {
  if (code.size === 0) return true;
  for (const name of names) {
    const time = code.get(name);
    if (time === 'always' || (time === 'on_write' && isWrite)) return false;
  }
  return true;
}

/** The driver's own trigger only notifies. */
const OWN_TRIGGER = 'sluice_watch';

/** Calls, in a stored expression, of PostgreSQL's own functions that change a session. Dependencies on its own functions are not recorded. */
const CHANGING = `
  select ':funcid (' || string_agg(oid::text, '|') || ') ' from pg_catalog.pg_proc
  where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^(set_config|setseed|pg_(try_)?advisory_(un)?lock)'`;

/** Whether an object depends on a function of the application or of an extension. */
const dependsOnFunction = (catalog: string, oid: string): string => `exists (
  select from pg_catalog.pg_depend where classid = 'pg_catalog.${catalog}'::regclass and objid = ${oid} and refclassid = 'pg_catalog.pg_proc'::regclass)`;

/** Functions in C are those of extensions. */
const OTHER_LANGUAGES = `(select oid from pg_catalog.pg_language where lanname not in ('c', 'internal'))`;

/**
 * Rows of a name, when code runs, the kind of the code's text, and the text: NULL where it is not read. `reaches` is a table that writes to the named one
 * reach, through a foreign key with an action, or as one of its partitions.
 */
const CODE = `
  with changing(pattern) as (${CHANGING}), pieces(id, time, kind, text) as (
    select tgrelid, 'on_write', 'body', case when lanname = 'plpgsql' then prosrc end
      from pg_catalog.pg_trigger join pg_catalog.pg_proc on pg_proc.oid = tgfoid join pg_catalog.pg_language on pg_language.oid = prolang
      where not tgisinternal and tgname <> '${OWN_TRIGGER}' and lanname not in ('c', 'internal')
    union all select ev_class, 'on_write', null, null from pg_catalog.pg_rewrite where ev_type <> '1'
    union all select oid, 'always', null, null from pg_catalog.pg_class where relkind = 'v' and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    union all select polrelid, 'always', 'expression', pg_catalog.pg_get_expr(expression, polrelid)
      from pg_catalog.pg_policy join pg_catalog.pg_class on pg_class.oid = polrelid cross join lateral (values (polqual), (polwithcheck)) as part(expression)
      where relrowsecurity and expression is not null
    union all select adrelid, 'on_write', null, null from pg_catalog.pg_attrdef, changing
      where ${dependsOnFunction('pg_attrdef', 'pg_attrdef.oid')} or adbin::text ~ pattern
    union all select coalesce(attrelid, conrelid), 'on_write', null, null from pg_catalog.pg_constraint
      left join pg_catalog.pg_attribute on contypid <> 0 and atttypid = contypid and attnum > 0, changing
      where contype = 'c' and (${dependsOnFunction('pg_constraint', 'pg_constraint.oid')} or conbin::text ~ pattern)
    union all select indrelid, 'on_write', null, null from pg_catalog.pg_index
      where (indexprs is not null or indpred is not null) and ${dependsOnFunction('pg_class', 'indexrelid')}
    union all select confrelid, 'on_write', 'reaches', child.relname from pg_catalog.pg_constraint join pg_catalog.pg_class child on child.oid = conrelid
      where contype = 'f' and (confdeltype in ('c', 'd', 'n') or confupdtype in ('c', 'd', 'n'))
    union all select inhparent, 'on_write', 'reaches', child.relname from pg_catalog.pg_inherits join pg_catalog.pg_class child on child.oid = inhrelid
  )
  select relname, time, kind, text from pieces join pg_catalog.pg_class on pg_class.oid = id
  union all
  select distinct proname, 'always', null, null from pg_catalog.pg_proc
    where pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) and prolang in ${OTHER_LANGUAGES}
      and prorettype not in ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype)`;
