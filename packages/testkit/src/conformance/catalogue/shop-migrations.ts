import { type Kysely, sql } from 'kysely';
import type { MigrationProvider } from 'kysely/migration';
import { migrationsOf } from '../../fixture/schema/suite-migrations.js';

type Schema = Kysely<unknown>;

/** The migrations of the shop, the same for every driver. */
export const shopMigrations: MigrationProvider = migrationsOf({
  '01_people': { up: createPeople },
  '02_products': { up: createProducts },
  '03_purchases': { up: createPurchases },
  '04_work': { up: createWork },
});

async function createPeople({ schema }: Schema): Promise<void> {
  await schema
    .createTable('account')
    .addColumn('id', 'integer', (column) => column.generatedByDefaultAsIdentity().primaryKey())
    .addColumn('email', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('role', 'varchar(10)', (column) => column.notNull().defaultTo('member'))
    .addColumn('is_active', 'boolean', (column) => column.notNull().defaultTo(true))
    .addColumn('balance', 'numeric(12, 2)')
    .addColumn('points', 'bigint', (column) => column.notNull())
    .addColumn('score', 'double precision')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull())
    .addColumn('birthday', 'date')
    .addColumn('settings', 'jsonb')
    .addColumn('avatar', 'bytea')
    .addColumn('referrer_id', 'integer', (column) => column.references('account.id'))
    .execute();
  await schema
    .createTable('session')
    .addColumn('token', 'uuid', (column) => column.primaryKey())
    .addColumn('account_id', 'integer', (column) => column.notNull().references('account.id'))
    .addColumn('created_at', 'timestamptz', (column) => column.notNull())
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .addColumn('device', 'text')
    .execute();
  await schema
    .createTable('grant')
    .addColumn('account_id', 'integer', (column) => column.notNull().references('account.id'))
    .addColumn('project', 'text', (column) => column.notNull())
    .addColumn('permission', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('grant_key', ['account_id', 'project', 'permission'])
    .execute();
}

async function createProducts({ schema }: Schema): Promise<void> {
  await schema
    .createTable('category')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('parent_id', 'integer', (column) => column.references('category.id'))
    .addColumn('name', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createTable('product')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('code', 'uuid', (column) => column.notNull().unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('category_id', 'integer', (column) => column.references('category.id'))
    .addColumn('price', 'numeric(10, 2)', (column) => column.notNull())
    .addColumn('weight', 'double precision')
    .addColumn('stock', 'integer', (column) => column.notNull())
    .addColumn('released_on', 'date')
    .addColumn('attributes', 'jsonb')
    .addColumn('is_archived', 'boolean', (column) => column.notNull())
    .addCheckConstraint('product_stock', sql`stock >= 0`)
    .execute();
  await schema
    .createTable('tag')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('label', 'text', (column) => column.notNull().unique())
    .execute();
  await schema
    .createTable('product_tag')
    .addColumn('product_id', 'integer', (column) => column.notNull().references('product.id'))
    .addColumn('tag_id', 'integer', (column) => column.notNull().references('tag.id'))
    .addPrimaryKeyConstraint('product_tag_key', ['product_id', 'tag_id'])
    .execute();
  await schema
    .createTable('stock_move')
    .addColumn('id', 'integer', (column) => column.generatedByDefaultAsIdentity().primaryKey())
    .addColumn('product_id', 'integer', (column) => column.notNull().references('product.id'))
    .addColumn('change', 'integer', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('moved_at', 'timestamptz', (column) => column.notNull())
    .execute();
}

async function createPurchases({ schema }: Schema): Promise<void> {
  await schema
    .createTable('purchase')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('account_id', 'integer', (column) => column.notNull().references('account.id'))
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('placed_at', 'timestamptz', (column) => column.notNull())
    .addColumn('paid_at', 'timestamptz')
    .addColumn('shipped_at', 'timestamptz')
    .addColumn('discount', 'numeric(4, 3)')
    .addColumn('note', 'text')
    .execute();
  await schema
    .createTable('purchase_line')
    .addColumn('purchase_id', 'integer', (column) => column.notNull().references('purchase.id'))
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('product_id', 'integer', (column) => column.notNull().references('product.id'))
    .addColumn('quantity', 'integer', (column) => column.notNull())
    .addColumn('unit_price', 'numeric(10, 2)', (column) => column.notNull())
    .addPrimaryKeyConstraint('purchase_line_key', ['purchase_id', 'position'])
    .execute();
}

async function createWork({ schema }: Schema): Promise<void> {
  await schema
    .createTable('job')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('queue', 'text', (column) => column.notNull())
    .addColumn('priority', 'smallint', (column) => column.notNull())
    .addColumn('run_at', 'timestamptz', (column) => column.notNull())
    .addColumn('started_at', 'timestamptz')
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('last_error', 'text')
    .addColumn('payload', 'json', (column) => column.notNull())
    .execute();
  await schema
    .createTable('message')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('room', 'text', (column) => column.notNull())
    .addColumn('author_id', 'integer', (column) => column.notNull().references('account.id'))
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('sent_at', 'timestamptz', (column) => column.notNull())
    .addColumn('reply_to_id', 'integer', (column) => column.references('message.id'))
    .addColumn('read_at', 'timestamptz')
    .execute();
  await schema
    .createTable('event')
    .addColumn('id', 'bigint', (column) => column.primaryKey())
    .addColumn('account_id', 'integer')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull())
    .addColumn('duration_ms', 'integer')
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('payload', 'jsonb')
    .execute();
  await schema
    .createTable('reading')
    .addColumn('sensor', 'text', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull())
    .addColumn('value', 'double precision')
    .addColumn('raw', 'numeric')
    .addPrimaryKeyConstraint('reading_key', ['sensor', 'at'])
    .execute();
}
