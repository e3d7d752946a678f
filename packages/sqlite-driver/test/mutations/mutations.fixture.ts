import { type Driver, openStorage, type Storage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { conformance, temporarySqlitePath } from '@sluice/testkit';
import { CONTROL, MUTATIONS, type Mutation } from './mutations.js';
import { overridden } from './overridden.js';

for (const mutation of [CONTROL, ...MUTATIONS]) certify(mutation);

function certify(mutation: Mutation): void {
  const paths = new Map<string, Promise<string>>();
  conformance({
    name: mutation.name,
    deadlineMs: 5_000,
    capabilities: {
      concurrentReaders: true,
      concurrentWriters: false,
      sharedBetweenProcesses: true,
      durable: true,
      onlineBackup: true,
      watchesChanges: true,
      interruptsRunning: false,
      weakerIsolation: false,
      maxParameters: 32_766,
      ...mutation.capabilities,
    },
    open: async <DB>(
      database: string,
      { queueLimit, ...options }: { queueLimit?: number | undefined },
    ): Promise<Storage<DB>> => {
      const path = paths.get(database) ?? temporarySqlitePath();
      paths.set(database, path);
      const driver = sqlite(queueLimit === undefined || mutation.ignoresQueueLimit ? {} : { queueLimit });
      const storage = await openStorage<DB>({
        ...options,
        url: `sqlite:${await path}`,
        drivers: [broken(driver, mutation)],
      });
      return mutation.storage?.(storage) ?? storage;
    },
  });
}

function broken(driver: Driver, { database, capabilities }: Mutation): Driver {
  return {
    ...driver,
    open: async (url) => {
      const opened = await driver.open(url);
      const declaring = overridden(opened, { capabilities: { ...opened.capabilities, ...capabilities } });
      return database?.(declaring) ?? declaring;
    },
  };
}
