import { openStorage } from '@sluice/core';
import { pglite } from '@sluice/example-custom-driver';
import { conformance } from '@sluice/testkit';

conformance({
  name: 'pglite',
  capabilities: {
    concurrentReaders: false,
    concurrentWriters: false,
    sharedBetweenProcesses: false,
    durable: false,
    onlineBackup: false,
    watchesChanges: false,
    interruptsRunning: false,
    weakerIsolation: false,
    maxParameters: 65_535,
  },
  open: (_, { queueLimit, ...options }) =>
    openStorage({ ...options, url: 'pglite::memory:', drivers: [pglite({ queueLimit })] }),
});
