import { openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sqlite } from '@sluice/sqlite-driver';
import { checkQueries, type RandomDatabase, temporaryPostgresUrl } from '@sluice/testkit';
import { expect, test } from 'vitest';

/** How many random queries; a long run is `SLUICE_TEST_FUZZ=100000`, from another seed with `SLUICE_TEST_FUZZ_SEED`. */
const QUERIES = Number(process.env.SLUICE_TEST_FUZZ ?? 400);
const SEED = Number(process.env.SLUICE_TEST_FUZZ_SEED ?? 20_261_130);
const MS_PER_QUERY = 250;

test(
  'random plain queries have one answer on both engines, or are refused',
  async () => {
    await using subject = await openStorage<RandomDatabase>({ url: 'sqlite::memory:', drivers: [sqlite()] });
    await using judge = await openStorage<RandomDatabase>({
      url: await temporaryPostgresUrl(),
      drivers: [postgres()],
    });
    const checked = await checkQueries({ subject, judge, seed: SEED, queries: QUERIES });
    expect(checked.difference).toBeUndefined();
    expect(checked.queries).toBe(QUERIES);
    expect(checked.same).toBeGreaterThan(QUERIES / 2);
    if (process.env.SLUICE_TEST_FUZZ !== undefined) console.log(checked);
  },
  60_000 + QUERIES * MS_PER_QUERY,
);
