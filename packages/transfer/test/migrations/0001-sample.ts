import type { Kysely } from 'kysely';

/** One column of each type of the contract. */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('sample')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedByDefaultAsIdentity())
    .addColumn('title', 'varchar(40)', (column) => column.notNull())
    .addColumn('token', 'uuid', (column) => column.notNull())
    .addColumn('price', 'numeric(12, 2)', (column) => column.notNull().defaultTo('0'))
    .addColumn('born_on', 'date', (column) => column.notNull())
    .addColumn('uploaded_at', 'timestamptz', (column) => column.notNull())
    .addColumn('is_done', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('settings', 'jsonb', (column) => column.notNull())
    .addColumn('payload', 'bytea')
    .addColumn('ratio', 'double precision')
    .addUniqueConstraint('sample_title_price_key', ['title', 'price', 'id'])
    .execute();
}

export async function down(db: Kysely<never>): Promise<void> {
  await db.schema.dropTable('sample').execute();
}
