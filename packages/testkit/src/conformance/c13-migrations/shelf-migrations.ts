import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The tables after all {@link shelfMigrations} are applied. */
export interface ShelfDatabase {
  shelf: { id: number; name: string };
  item: { id: number; shelf_id: number; label: string; weight: number | null };
}

/** Returns three migrations that can be reverted. `onStep` is called with the name of every step that runs. */
export function shelfMigrations(onStep: (step: string) => void = () => {}): Record<string, Migration> {
  return {
    '001_shelf': {
      up: async (db) => {
        onStep('001 up');
        await db.schema
          .createTable('shelf')
          .addColumn('id', 'integer', (column) => column.primaryKey())
          .addColumn('name', 'text', (column) => column.notNull())
          .execute();
      },
      down: async (db) => {
        onStep('001 down');
        await db.schema.dropTable('shelf').execute();
      },
    },
    '002_item': {
      up: async (db) => {
        onStep('002 up');
        await db.schema
          .createTable('item')
          .addColumn('id', 'integer', (column) => column.primaryKey())
          .addColumn('shelf_id', 'integer', (column) => column.notNull())
          .addColumn('label', 'text', (column) => column.notNull())
          .addForeignKeyConstraint('item_shelf', ['shelf_id'], 'shelf', ['id'], (key) =>
            key.onDelete('cascade'),
          )
          .execute();
        await db.schema.createIndex('item_by_label').on('item').column('label').execute();
      },
      down: async (db) => {
        onStep('002 down');
        await db.schema.dropTable('item').execute();
      },
    },
    '003_weight': {
      up: async (db: Kysely<ShelfDatabase>) => {
        onStep('003 up');
        await db.schema.alterTable('item').addColumn('weight', 'integer').execute();
        await db.updateTable('item').set({ weight: sql<number>`1` }).execute();
      },
      down: async (db) => {
        onStep('003 down');
        await db.schema.alterTable('item').dropColumn('weight').execute();
      },
    },
  };
}

/** The names of {@link shelfMigrations} in order. */
export const SHELF_NAMES: readonly string[] = ['001_shelf', '002_item', '003_weight'];
