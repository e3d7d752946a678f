// Takes a first migration, if it has not been taken, and is killed in the middle of the second.
import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';

const die = async (db) => {
  await db.schema.alterTable('book').addColumn('pages', 'integer').execute();
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => {});
};
const createBook = async (db) => {
  await db.schema.createTable('book').addColumn('title', 'text').execute();
};
const migrations = { getMigrations: async () => ({ '0001': { up: createBook }, '0002': { up: die } }) };
const storage = await openStorage({ url: `sqlite:${process.argv[2]}`, drivers: [sqlite()], migrations });
await storage.migrator.up();
