import { SluiceError, UnsupportedError } from '@sluice/core';
import { quoteIdentifier } from '../sql/quoting.js';
import type { RunSql } from './run-sql.js';

/** Objects of the schema that do not work, such as `The view "x"`, each with the reason. */
export type Broken = ReadonlyMap<string, string>;

/** Finds the views and triggers that cannot be compiled, and the foreign keys to `table` without a matching key. Reads no rows. */
export async function findBroken(table: string, run: RunSql): Promise<Broken> {
  return new Map([
    ...(await findBrokenViews(run)),
    ...(await findBrokenTriggers(run)),
    ...(await findBrokenKeys(table, run)),
  ]);
}

/** @throws UnsupportedError naming an object that worked before the rebuild and does not work now. */
export function assertStillWorks(table: string, before: Broken, after: Broken): void {
  for (const [what, why] of after) {
    if (before.has(what)) continue;
    throw new UnsupportedError(
      `${what} does not work with "${table}" as it would be now: ${why} Drop it before and create it again afterwards.`,
    );
  }
}

async function findBrokenViews(run: RunSql): Promise<Map<string, string>> {
  const broken = new Map<string, string>();
  for (const { name } of await run(`select name from sqlite_schema where type = 'view' order by name`)) {
    const why = await failureOf(`explain select * from ${quoteIdentifier(String(name))}`, run);
    if (why !== undefined) broken.set(`The view "${name}"`, why);
  }
  return broken;
}

/** Explains a statement for each event, because SQLite compiles triggers together with the statement that fires them. */
async function findBrokenTriggers(run: RunSql): Promise<Map<string, string>> {
  const broken = new Map<string, string>();
  const tables = await run(
    `select distinct tbl_name as name from sqlite_schema where type = 'trigger' order by tbl_name`,
  );
  for (const { name } of tables) {
    const table = String(name);
    for (const [event, sql] of await firingStatements(table, run)) {
      const why = await failureOf(`explain ${sql}`, run);
      if (why !== undefined) broken.set(`A trigger of "${table}" that ${event} fires`, why);
    }
  }
  return broken;
}

async function firingStatements(table: string, run: RunSql): Promise<[string, string][]> {
  const rows = await run('select name from pragma_table_xinfo(?) where hidden = 0', table);
  const assignments = rows.map(
    ({ name }) => `${quoteIdentifier(String(name))} = ${quoteIdentifier(String(name))}`,
  );
  return [
    ['an insert', `insert into ${quoteIdentifier(table)} default values`],
    ['an update', `update ${quoteIdentifier(table)} set ${assignments.join(', ')}`],
    ['a delete', `delete from ${quoteIdentifier(table)}`],
  ];
}

/** A foreign key must refer to the primary key of `table`, or to the columns of a unique index. */
async function findBrokenKeys(table: string, run: RunSql): Promise<Map<string, string>> {
  const keys = await readKeys(table, run);
  const broken = new Map<string, string>();
  const references = await run(
    `select s.name as child, k.id, group_concat(lower(coalesce(k."to", '')), char(31) order by lower(k."to")) as columns
     from sqlite_schema s, pragma_foreign_key_list(s.name) k
     where s.type = 'table' and lower(k."table") = lower(?) group by s.name, k.id`,
    table,
  );
  for (const { child, columns } of references) {
    const wanted = String(columns).replaceAll('\u001f', '') === '' ? keys.primary : String(columns);
    if (wanted !== undefined && keys.all.has(wanted)) continue;
    const why = 'it needs a primary key or a unique constraint on the columns it refers to.';
    broken.set(`A foreign key of "${child}" to "${table}"`, why);
  }
  return broken;
}

/** The keys of a table, each as one text of its sorted columns in lower case. */
async function readKeys(
  table: string,
  run: RunSql,
): Promise<{ readonly primary: string | undefined; readonly all: ReadonlySet<string> }> {
  const [primary] = await run(
    `select group_concat(lower(name), char(31) order by lower(name)) as columns from pragma_table_xinfo(?) where pk > 0`,
    table,
  );
  const unique = await run(
    `select group_concat(lower(c.name), char(31) order by lower(c.name)) as columns
     from pragma_index_list(?) i, pragma_index_info(i.name) c
     where i."unique" = 1 and i.partial = 0 group by i.name having count(*) = count(c.name)`,
    table,
  );
  const primaryColumns = typeof primary?.columns === 'string' ? primary.columns : undefined;
  const all = new Set(unique.map(({ columns }) => String(columns)));
  if (primaryColumns !== undefined) all.add(primaryColumns);
  return { primary: primaryColumns, all };
}

async function failureOf(sql: string, run: RunSql): Promise<string | undefined> {
  try {
    await run(sql);
    return undefined;
  } catch (error) {
    // SQLite refused to compile the statement. Any other error, such as a timeout, ends the call.
    if (error instanceof SluiceError && REFUSALS.has(error.code)) return error.message;
    throw error;
  }
}

const REFUSALS: ReadonlySet<string> = new Set([
  'check_violation',
  'invalid_query',
  'unknown_column',
  'unknown_table',
]);
