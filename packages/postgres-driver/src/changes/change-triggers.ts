import {
  ConfigurationError,
  type Database,
  type DatabaseTransaction,
  type ExecuteOptions,
  UsageError,
} from '@sluice/core';
import { isDatabaseError } from '../errors/errors.js';
import { quoteIdentifier } from '../sql/quoting.js';

/** The channel of the notifications. The payload is the changed table's oid. */
export const CHANNEL = 'sluice_change';

/** The trigger that sends them. At COMMIT, PostgreSQL sends equal notifications of one transaction once. */
const TRIGGER = 'sluice_watch';

/** How long CREATE TRIGGER may wait for the table's writers; statements that come later queue behind it. */
const LOCK_TIMEOUT = '500ms';

interface WatchedTable {
  /** As the application names it, perhaps with the schema. */
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly id: string;
  readonly isTable: boolean;
  readonly hasTrigger: boolean;
}

/**
 * Creates the trigger on the tables that do not have it yet. Resolves with the tables' names by their oids.
 *
 * @throws UsageError for a name that is not a table's; ConfigurationError, with the statements to run, when the role may not create the trigger;
 * ConflictError when the table was locked for too long.
 */
export async function installTriggers(
  database: Pick<Database, 'begin' | 'execute'>,
  names: readonly string[],
  options: ExecuteOptions,
): Promise<ReadonlyMap<string, string>> {
  const tables = await findTables(database, names, options);
  const missing = tables.filter(({ hasTrigger }) => !hasTrigger);
  if (missing.length > 0) await createTriggers(database, missing, options);
  return new Map(tables.map(({ id, name }) => [id, name]));
}

/** The query for the oids of the tables that have the trigger, enabled. */
export const WITH_TRIGGER: string = `
  select tgrelid::text from pg_catalog.pg_trigger where tgname = '${TRIGGER}' and tgenabled in ('A', 'O')`;

const FIND = `
  select wanted.name, nspname as schema, relname as "table", class.oid::text as id, coalesce(class.relkind in ('r', 'p'), false) as "isTable",
    class.oid::text in (${WITH_TRIGGER}) as "hasTrigger"
  from json_array_elements_text($1::text::json) as wanted (name)
  left join pg_catalog.pg_class class on class.oid = coalesce(to_regclass(quote_ident(wanted.name)), to_regclass((
    select string_agg(quote_ident(part), '.' order by place)
    from unnest(string_to_array(wanted.name, '.')) with ordinality as parts (part, place) having count(*) = 2)))
  left join pg_catalog.pg_namespace on pg_namespace.oid = class.relnamespace`;

async function findTables(
  database: Pick<Database, 'execute'>,
  names: readonly string[],
  options: ExecuteOptions,
): Promise<readonly WatchedTable[]> {
  const parameters = [JSON.stringify(names)];
  const { rows } = await database.execute({ sql: FIND, parameters, access: 'read' }, options);
  const tables = rows as unknown as readonly WatchedTable[];
  const other = tables.find(({ isTable }) => !isTable);
  if (other === undefined) return tables;
  throw new UsageError('unknown_table', `"${other.name}" is no table that can be watched.`);
}

async function createTriggers(
  database: Pick<Database, 'begin'>,
  tables: readonly WatchedTable[],
  options: ExecuteOptions,
): Promise<void> {
  const statements = [...new Set(tables.flatMap(statementsFor))];
  const transaction = await database.begin({ ...options, access: 'write', isSchemaChange: true });
  try {
    await runAll(transaction, [`set local lock_timeout = '${LOCK_TIMEOUT}'`, ...statements], options);
  } catch (error) {
    await transaction.rollback();
    throw isDenied(error) ? deniedError(statements, error) : error;
  }
  await transaction.commit();
}

async function runAll(
  transaction: DatabaseTransaction,
  statements: readonly string[],
  options: ExecuteOptions,
): Promise<void> {
  for (const sql of statements) await transaction.execute({ sql, parameters: [], access: 'write' }, options);
}

function statementsFor({ schema, table: own }: WatchedTable): string[] {
  const table = `${quoteIdentifier(schema)}.${quoteIdentifier(own)}`;
  const notify = `${quoteIdentifier(schema)}.sluice_notify_change`;
  return [
    `create or replace function ${notify}() returns trigger language plpgsql as $$ begin perform pg_catalog.pg_notify('${CHANNEL}', tg_relid::text); return null; end $$`,
    `drop trigger if exists ${TRIGGER} on ${table}`,
    `create trigger ${TRIGGER} after insert or update or delete or truncate on ${table} for each statement execute function ${notify}()`,
  ];
}

function isDenied(error: unknown): boolean {
  return error instanceof ConfigurationError && isDatabaseError(error.cause) && error.cause.code === '42501';
}

function deniedError(statements: readonly string[], cause: unknown): ConfigurationError {
  const message = `The PostgreSQL role may not create what tells of changes. Have the owner of the tables run once: ${statements.join('; ')};`;
  return new ConfigurationError('invalid_configuration', message, { cause });
}
