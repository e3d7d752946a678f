import type { Untranslated } from '../plan/transfer-plan.js';
import type { PostgresSession } from './session.js';
import { IS_VISIBLE } from './tables.js';

export interface PostgresReference {
  readonly name: string;
  readonly columns: readonly string[];
  /** `null` for a table that is not visible in the search path. */
  readonly parent: string | null;
  readonly parentColumns: readonly string[];
  readonly onDelete: string;
  readonly onUpdate: string;
  /** As PostgreSQL writes it. */
  readonly sql: string;
}

export interface PostgresKey {
  readonly name: string;
  readonly columns: readonly string[];
}

export interface PostgresIndex extends PostgresKey {
  readonly isUnique: boolean;
}

/** Keys and indexes of a table. */
export interface PostgresTableObjects {
  readonly table: string;
  readonly uniqueKeys: readonly PostgresKey[];
  readonly foreignKeys: readonly PostgresReference[];
  /** Indexes of plain columns: no expressions, no predicate. */
  readonly indexes: readonly PostgresIndex[];
}

/** Reads keys and indexes of the tables in the search path. Partitions are skipped, because they are parts of another table. */
export async function readTableObjects(session: PostgresSession): Promise<Map<string, PostgresTableObjects>> {
  const rows = await session.query<{ objects: PostgresTableObjects }>(OBJECTS);
  return new Map(rows.map(({ objects }) => [objects.table, objects]));
}

const NAMES = (relation: string, numbers: string): string =>
  `(select json_agg(attname order by part.position) from unnest(${numbers}) with ordinality as part(number, position)
     join pg_attribute on attrelid = ${relation} and attnum = part.number)`;

const ACTION = (column: string): string =>
  `case ${column} when 'c' then 'cascade' when 'n' then 'set null' when 'd' then 'set default' when 'r' then 'restrict' else 'no action' end`;

const PLAIN_INDEX = `indexprs is null and indpred is null and indnkeyatts = indnatts and 0 <> all(indkey::int2[]) and not indisprimary`;

/** Subquery for the partitioned table of which `t` is a partition, if it is visible: the rows of `t` are read from it. */
const WHOLE = `select 1 from pg_inherits join pg_class whole on whole.oid = inhparent
  where inhrelid = t.oid and t.relispartition and pg_table_is_visible(whole.oid)`;

/** PostgreSQL records a foreign key to a partitioned table once more for each partition. */
const IS_KEY_TO_PARTITION = `exists (select 1 from pg_constraint whole where whole.oid = pg_constraint.conparentid and whole.conrelid = t.oid)`;

const OBJECTS = `
  select json_build_object(
    'table', t.relname,
    'uniqueKeys', (select coalesce(json_agg(json_build_object('name', conname, 'columns', ${NAMES('t.oid', 'conkey')})), '[]')
      from pg_constraint where conrelid = t.oid and contype = 'u'),
    'foreignKeys', (select coalesce(json_agg(json_build_object('name', conname, 'columns', ${NAMES('t.oid', 'conkey')},
        'parent', (select relname from pg_class where oid = confrelid and pg_table_is_visible(oid)), 'parentColumns', ${NAMES('confrelid', 'confkey')},
        'onDelete', ${ACTION('confdeltype')}, 'onUpdate', ${ACTION('confupdtype')}, 'sql', pg_get_constraintdef(oid)) order by conname), '[]')
      from pg_constraint where conrelid = t.oid and contype = 'f' and not ${IS_KEY_TO_PARTITION}),
    'indexes', (select coalesce(json_agg(json_build_object('name', i.relname, 'isUnique', indisunique, 'columns',
        ${NAMES('t.oid', "string_to_array(indkey::text, ' ')::int2[]")})), '[]')
      from pg_index join pg_class i on i.oid = indexrelid
      where indrelid = t.oid and ${PLAIN_INDEX} and not exists (select 1 from pg_constraint where conindid = indexrelid))
  ) as objects
  from pg_class t where t.relkind in ('r', 'p') and ${IS_VISIBLE} and not exists (${WHOLE})`;

/** Reads the objects that the way back does not translate: CHECKs, other indexes, partitions, inheritance, views, and triggers except those of `storage.watch`. */
export async function readUntranslated(session: PostgresSession): Promise<Untranslated[]> {
  const rows = await session.query<{ object: string; sql: string }>(`
    select 'check ' || conname || ' of ' || t.relname as object, pg_get_constraintdef(c.oid) as sql
      from pg_constraint c join pg_class t on t.oid = conrelid where contype = 'c' and ${IS_VISIBLE}
    union all
    select 'index ' || i.relname, pg_get_indexdef(indexrelid) from pg_index join pg_class i on i.oid = indexrelid
      join pg_class t on t.oid = indrelid where not (${PLAIN_INDEX}) and not indisprimary and t.relkind in ('r', 'p') and ${IS_VISIBLE}
    union all
    select 'view ' || t.relname, pg_get_viewdef(t.oid) from pg_class t where t.relkind in ('v', 'm') and ${IS_VISIBLE}
    union all
    select 'partition ' || t.relname, pg_get_expr(t.relpartbound, t.oid) from pg_class t where ${IS_VISIBLE} and exists (${WHOLE}) and t.relkind in ('r', 'p', 'f')
    union all
    select 'inheritance of ' || t.relname, format('alter table %I inherit %I', t.relname, whole.relname)
      from pg_inherits join pg_class t on t.oid = inhrelid join pg_class whole on whole.oid = inhparent
      where ${IS_VISIBLE} and t.relkind = 'r' and not t.relispartition and pg_table_is_visible(whole.oid)
    union all
    select 'trigger ' || tgname || ' of ' || t.relname, pg_get_triggerdef(g.oid) from pg_trigger g join pg_class t on t.oid = tgrelid
      where not tgisinternal and tgname <> 'sluice_watch' and ${IS_VISIBLE}
    order by 1`);
  return rows.map(({ object, sql }) => ({
    object,
    sql,
    reason: 'the way back translates tables, keys and plain indexes',
  }));
}
