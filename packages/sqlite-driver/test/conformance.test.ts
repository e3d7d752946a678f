import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { conformance, temporarySqlitePath } from '@sluice/testkit';

const paths = new Map<string, Promise<string>>();

conformance({
  name: 'sqlite',
  capabilities: {
    concurrentReaders: true,
    concurrentWriters: false,
    sharedBetweenProcesses: true,
    durable: true,
    survivesPowerLoss: true,
    onlineBackup: true,
    watchesChanges: true,
    interruptsRunning: false,
    weakerIsolation: false,
    maxParameters: 32_766,
  },
  open: async (database, { queueLimit, ...options }) => {
    const path = paths.get(database) ?? temporarySqlitePath();
    paths.set(database, path);
    const drivers = [sqlite(queueLimit === undefined ? {} : { queueLimit })];
    return openStorage({ ...options, url: `sqlite:${await path}`, drivers });
  },
});
