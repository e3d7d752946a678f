import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import {
  checkHistory,
  type HistoryDatabase,
  historyMigrations,
  isolationMatrix,
  recordHistory,
  temporarySqlitePath,
} from '@sluice/testkit';
import { expect, test } from 'vitest';

isolationMatrix(
  {
    name: 'sqlite',
    open: async (_, options) =>
      openStorage({ ...options, url: `sqlite:${await temporarySqlitePath()}`, drivers: [sqlite()] }),
  },
  { serializable: [], 'repeatable read': [], 'read committed': [] },
);

test('C3 two thousand transactions of two storages on one file are serializable', async () => {
  const url = `sqlite:${await temporarySqlitePath()}`;
  const open = () =>
    openStorage<HistoryDatabase>({
      url,
      drivers: [sqlite({ durability: 'normal' })],
      migrations: historyMigrations,
    });
  await using first = await open();
  await first.migrator.up();
  await using second = await open();
  const plan = { transactions: 2_000, callers: 16, lists: 12, random: Math.random };
  expect(checkHistory(await recordHistory([first, second], plan))).toEqual([]);
});
