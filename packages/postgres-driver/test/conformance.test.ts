import { openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { conformance, temporaryPostgresUrl } from '@sluice/testkit';

const urls = new Map<string, Promise<string>>();

conformance({
  name: 'postgres',
  capabilities: {
    concurrentReaders: true,
    concurrentWriters: true,
    sharedBetweenProcesses: true,
    durable: true,
    onlineBackup: false,
    watchesChanges: true,
    interruptsRunning: true,
    weakerIsolation: true,
    schemaChangesOutsideTransactions: true,
    maxParameters: 65_535,
  },
  open: async (database, { queueLimit, ...options }) => {
    const url = urls.get(database) ?? temporaryPostgresUrl();
    urls.set(database, url);
    const drivers = [postgres(queueLimit === undefined ? {} : { queueLimit })];
    return openStorage({ ...options, url: await url, drivers });
  },
});
