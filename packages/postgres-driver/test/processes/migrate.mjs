// Migrates the database at the URL given as argument, and prints the names of the migrations this process applied.
import { openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';

const createTable = (name) => ({
  up: (db) =>
    db.schema
      .createTable(name)
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .execute(),
});
const migrations = {
  getMigrations: async () => ({
    '0001': createTable('a'),
    '0002': createTable('b'),
    '0003': createTable('c'),
  }),
};
const storage = await openStorage({ url: process.argv[2], drivers: [postgres()], migrations });
const steps = await storage.migrator.up();
await storage.close();
console.log(JSON.stringify(steps.map(({ name }) => name)));
