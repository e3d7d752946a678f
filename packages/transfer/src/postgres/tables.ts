import type { PostgresSession } from './session.js';

export interface PostgresColumn {
  readonly name: string;
  /** As `format_type` returns it. */
  readonly type: string;
  readonly isNotNull: boolean;
  readonly hasDefault: boolean;
  readonly isGenerated: boolean;
  readonly isIdentity: boolean;
  /** SQL of the default, or the expression of a generated column. */
  readonly defaultSql: string | null;
}

export interface PostgresTable {
  readonly name: string;
  readonly columns: readonly PostgresColumn[];
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly PostgresForeignKey[];
}

export interface PostgresForeignKey {
  readonly name: string;
  /** The table that it refers to. */
  readonly parent: string;
  /** SQL after `add constraint NAME`. */
  readonly definition: string;
}

/** Reads the tables that are visible in the search path. */
export async function readPostgresTables(session: PostgresSession): Promise<PostgresTable[]> {
  const rows = await session.query<{ table: PostgresTable }>(TABLES);
  return rows.map(({ table }) => table);
}

/** Condition for `pg_class t`: visible in the search path, and not a system catalog. */
export const IS_VISIBLE = `pg_table_is_visible(t.oid) and t.relnamespace::regnamespace::text not like 'pg\\_%' and t.relnamespace <> 'information_schema'::regnamespace`;

const TABLES = `
  select json_build_object(
    'name', t.relname,
    'columns', (
      select coalesce(json_agg(json_build_object(
        'name', attname, 'type', format_type(atttypid, atttypmod), 'isNotNull', attnotnull,
        'hasDefault', atthasdef or attidentity <> '', 'isGenerated', attgenerated <> '',
        'isIdentity', attidentity <> '' or coalesce(pg_get_expr(adbin, adrelid) like 'nextval(%', false),
        'defaultSql', pg_get_expr(adbin, adrelid)
      ) order by attnum), '[]')
      from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
      where attrelid = t.oid and attnum > 0 and not attisdropped),
    'primaryKey', (
      select coalesce(json_agg(attname order by part.position), '[]')
      from pg_constraint, unnest(conkey) with ordinality as part(number, position)
      join pg_attribute on attrelid = t.oid and attnum = part.number
      where conrelid = t.oid and contype = 'p'),
    'foreignKeys', (
      select coalesce(json_agg(json_build_object(
        'name', conname, 'parent', p.relname, 'definition', pg_get_constraintdef(k.oid)) order by conname), '[]')
      from pg_constraint k join pg_class p on p.oid = confrelid where conrelid = t.oid and contype = 'f')
  ) as "table"
  from pg_class t
  where t.relkind in ('r', 'p') and ${IS_VISIBLE}
  order by t.relname`;
