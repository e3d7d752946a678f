import { sqliteDialect } from '@sluice/sqlite-driver';
import { type ColumnDefinitionBuilder, type CreateTableBuilder, Kysely, sql } from 'kysely';
import type { Untranslated } from '../plan/transfer-plan.js';
import type { BackColumn } from './columns.js';
import { type BackTable, identityOf } from './table.js';

/** Creates the tables through Sluice's SQLite driver: as migrations of the application would create them. */
export async function createBackTables(
  path: string,
  tables: readonly BackTable[],
  untranslated: Untranslated[],
): Promise<void> {
  const database = new Kysely<never>({ dialect: sqliteDialect({ path, values: 'portable' }) });
  try {
    for (const back of tables) await createTable(database, back, tables, untranslated);
  } finally {
    await database.destroy();
  }
}

type Builder = CreateTableBuilder<string, string>;

async function createTable(
  database: Kysely<never>,
  back: BackTable,
  tables: readonly BackTable[],
  untranslated: Untranslated[],
): Promise<void> {
  const { table, columns, objects } = back;
  const identity = identityOf(back);
  let builder: Builder = database.schema.createTable(table.name);
  for (const column of columns) {
    builder = builder.addColumn(column.name, column.portable as 'text', (definition) =>
      define(definition, column, column === identity, table.name, untranslated),
    );
  }
  if (table.primaryKey.length > 0 && identity === undefined) {
    builder = builder.addPrimaryKeyConstraint(`${table.name}_pkey`, [...table.primaryKey]);
  }
  for (const { name, columns: keys } of objects.uniqueKeys)
    builder = builder.addUniqueConstraint(name, [...keys]);
  for (const key of objects.foreignKeys) {
    const parent = tables.find((other) => other.table.name === key.parent);
    if (parent === undefined) {
      const reason = 'the table that it refers to is not moved';
      untranslated.push({ object: `foreign key ${key.name} of ${table.name}`, reason, sql: key.sql });
      continue;
    }
    builder = builder.addForeignKeyConstraint(
      key.name,
      [...key.columns],
      parent.table.name,
      [...key.parentColumns],
      (made) => made.onDelete(key.onDelete as 'cascade').onUpdate(key.onUpdate as 'cascade'),
    );
  }
  await builder.execute();
  for (const { name, columns: keys, isUnique } of objects.indexes) {
    const index = database.schema
      .createIndex(name)
      .on(table.name)
      .columns([...keys]);
    await (isUnique ? index.unique() : index).execute();
  }
}

function define(
  definition: ColumnDefinitionBuilder,
  { name, source, note }: BackColumn,
  isIdentity: boolean,
  table: string,
  untranslated: Untranslated[],
): ColumnDefinitionBuilder {
  if (note !== undefined)
    untranslated.push({ object: `type of ${table}.${name}`, reason: note, sql: source.type });
  if (isIdentity) return definition.primaryKey().autoIncrement();
  const made = source.isNotNull ? definition.notNull() : definition;
  if (source.defaultSql === null) return made;
  const defaultTo = source.isGenerated || note !== undefined ? undefined : translateBack(source.defaultSql);
  if (defaultTo !== undefined) return made.defaultTo(defaultTo);
  const what = source.isGenerated ? 'generated column' : 'default';
  untranslated.push({
    object: `${what} ${table}.${name}`,
    reason: 'no rule for it on the way back',
    sql: source.defaultSql,
  });
  return made;
}

/** Translates a default: a literal, the current time, or a random uuid. */
function translateBack(text: string): unknown {
  const literal =
    /^'((?:[^']|'')*)'::(?:text|character varying|uuid|date|numeric|jsonb?)(?:\([\d,]+\))?$/.exec(text)?.[1];
  if (literal !== undefined) return literal.replaceAll("''", "'");
  if (/^-?\d+$/.test(text)) return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
  if (/^-?\d+\.\d+$/.test(text)) return text;
  if (text === 'true' || text === 'false') return text === 'true';
  return /^(?:now\(\)|CURRENT_TIMESTAMP|gen_random_uuid\(\))$/.test(text)
    ? sql.raw(text.toLowerCase())
    : undefined;
}
