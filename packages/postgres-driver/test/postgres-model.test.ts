import { openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { checkModel, temporaryPostgresUrl } from '@sluice/testkit';
import { expect, test } from 'vitest';

test('random programs of a fixed seed do what the model does', async () => {
  const url = await temporaryPostgresUrl();
  const checked = await checkModel(
    ({ migrations }) => openStorage({ url, drivers: [postgres()], migrations, backupBeforeMigrating: false }),
    { seed: 20_241_121, programs: 250, timeLimitMs: 12_000 },
  );
  expect(checked.difference).toBeUndefined();
  expect(checked.programs).toBeGreaterThan(10);
}, 60_000);
