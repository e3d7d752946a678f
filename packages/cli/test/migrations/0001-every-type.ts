import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sample')
    .addColumn('id', 'bigint', (column) => column.generatedByDefaultAsIdentity().primaryKey())
    .addColumn('is_active', 'boolean', (column) => column.notNull().defaultTo(true))
    .addColumn('payload', 'bytea')
    .addColumn('born_on', 'date', (column) => column.notNull())
    .addColumn('ratio', 'double precision')
    .addColumn('position', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('attributes', 'json')
    .addColumn('settings', 'jsonb', (column) => column.notNull())
    .addColumn('price', 'numeric(12, 2)', (column) => column.notNull())
    .addColumn('small', 'smallint')
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('uploaded_at', 'timestamptz', (column) => column.notNull())
    .addColumn('token', 'uuid', (column) => column.notNull().unique())
    .addColumn('code', 'varchar(12)')
    .execute();
  await db.schema
    .createTable('sample_tag')
    .addColumn('sample_id', 'bigint', (column) => column.notNull().references('sample.id'))
    .addColumn('tag', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('sample_tag_primary_key', ['sample_id', 'tag'])
    .execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('sample_tag').execute();
  await db.schema.dropTable('sample').execute();
}
