import { type Kysely, sql } from 'kysely';

/**
 * A folder contains files, and files with equal content refer to the same row of `content`. Paths are keys, so they are the same in every
 * run and on every driver.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('folder')
    .addColumn('path', 'text', (column) => column.notNull().primaryKey())
    .addColumn('parent_path', 'text', (column) => column.references('folder.path'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addUniqueConstraint('folder_parent_path_name_unique', ['parent_path', 'name'])
    .execute();

  await db.schema
    .createTable('content')
    .addColumn('hash', 'text', (column) => column.notNull().primaryKey())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('is_text', 'boolean', (column) => column.notNull())
    .addCheckConstraint('content_hash_is_sha256', sql`length(hash) = 64`)
    .addCheckConstraint('content_size_is_not_negative', sql`size >= 0`)
    .execute();

  await db.schema
    .createTable('file')
    .addColumn('folder_path', 'text', (column) => column.notNull().references('folder.path'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('content_hash', 'text', (column) => column.notNull().references('content.hash'))
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('modified_at', 'timestamptz', (column) => column.notNull())
    .addColumn('mime_type', 'text')
    .addColumn('is_starred', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('view_count', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('last_viewed_at', 'timestamptz')
    .addPrimaryKeyConstraint('file_primary_key', ['folder_path', 'name'])
    .addCheckConstraint('file_view_count_is_not_negative', sql`view_count >= 0`)
    .execute();

  await db.schema.createIndex('file_content_hash').on('file').column('content_hash').execute();
  // The index for the order of the pages, with the key as the last column.
  await db.schema
    .createIndex('file_modified_at')
    .on('file')
    .columns(['modified_at', 'folder_path', 'name'])
    .execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('file').execute();
  await db.schema.dropTable('content').execute();
  await db.schema.dropTable('folder').execute();
}
