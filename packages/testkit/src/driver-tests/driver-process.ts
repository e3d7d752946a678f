// A separate process that uses a driver: `node driver-process.js openings|migrations|survivors MODULE FACTORY URL [TIMES]`. MODULE is the URL of the
// module that exports the driver's FACTORY. It prints one line of JSON.
import { existsSync, readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { type Driver, openStorage, type Storage, type StorageOptions } from '@sluice/core';
import type { Kysely } from 'kysely';
import type { MigrationProvider } from 'kysely/migration';
import type { HeldResources } from './held-resources.js';
import { survivingBytes } from './surviving-bytes.js';

const [, , task, module = '', factory = '', url = '', times = ''] = process.argv;

async function open(options: Pick<StorageOptions, 'migrations'> = {}): Promise<Storage<unknown>> {
  const factories: Readonly<Record<string, () => Driver>> = await import(module);
  const create = factories[factory];
  if (create === undefined) throw new Error(`${module} exports no ${factory}.`);
  return openStorage({ ...options, url, drivers: [create()] });
}

/** Opens and closes the database TIMES times. Returns the resources that the process held after the first fifty times and at the end. */
async function measureOpenings(): Promise<{ readonly before: HeldResources; readonly after: HeldResources }> {
  const openAndClose = async (): Promise<void> => (await open()).close();
  for (let count = 0; count < 50; count += 1) await openAndClose();
  const before = await settled();
  for (let count = 50; count < Number(times); count += 1) await openAndClose();
  return { before, after: await settled() };
}

/**
 * Waits until short-lived resources, such as a timer that is about to fire, are gone, and then returns the resources that are still held.
 */
async function settled(): Promise<HeldResources> {
  await setTimeout(200);
  globalThis.gc?.();
  return {
    files: readdirSync('/dev/fd').length,
    threads: existsSync('/proc/self/task') ? readdirSync('/proc/self/task').length : 0,
    resources: process.getActiveResourcesInfo().length,
    megabytes: Math.round(process.memoryUsage.rss() / 1e6),
  };
}

/** Migrates the database. Returns the migrations that this process applied. */
async function migrate(): Promise<readonly string[]> {
  const storage = await open({ migrations });
  const steps = await storage.migrator.up();
  await storage.close();
  return steps.map(({ name }) => name);
}

const migrations: MigrationProvider = {
  getMigrations: async () => ({
    '0001': createTable('a'),
    '0002': createTable('b'),
    '0003': createTable('c'),
  }),
};

function createTable(name: string): { readonly up: (db: Kysely<unknown>) => Promise<void> } {
  return {
    up: (db) =>
      db.schema
        .createTable(name)
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .execute(),
  };
}

async function measureSurvivors(): Promise<Readonly<Record<string, number>>> {
  await using storage = await open();
  return await survivingBytes(storage);
}

const TASKS: Readonly<Record<string, () => Promise<unknown>>> = {
  openings: measureOpenings,
  migrations: migrate,
  survivors: measureSurvivors,
};

console.log(JSON.stringify(await TASKS[task ?? '']?.()));
