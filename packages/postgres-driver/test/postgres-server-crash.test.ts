import { openStorage, SluiceError } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { startPostgresServer } from '../../testkit/dist/postgres-server/index.js';

interface DB {
  entry: { id: number };
}

/** How the calls of a run ended, by the row each was to store. */
interface Outcomes {
  readonly acknowledged: Set<number>;
  readonly refused: Map<number, string>;
}

test('kill -9 of the server, three times under load: nothing acknowledged is lost, nothing refused is kept, and the storage goes on', async () => {
  await using server = await startPostgresServer({ source: 'embedded', durable: true });
  await using storage = await openStorage<DB>({
    url: server.url,
    drivers: [postgres({ poolSize: 8 })],
    timeoutMs: 5_000,
  });
  await sql`create table entry (id integer primary key)`.execute(storage.kysely);
  const entries = storage.repository('entry', { key: 'id' });
  const outcomes: Outcomes = { acknowledged: new Set(), refused: new Map() };
  let next = 0;
  let isRunning = true;
  const caller = async (): Promise<void> => {
    while (isRunning) {
      const id = next++;
      const insert =
        id % 2 === 0
          ? entries.insert({ id })
          : storage.write((tx) => tx.repository('entry', { key: 'id' }).insert({ id }));
      await insert.then(
        () => outcomes.acknowledged.add(id),
        (error: unknown) =>
          outcomes.refused.set(id, error instanceof SluiceError ? error.code : String(error)),
      );
    }
  };
  const callers = Array.from({ length: 12 }, caller);
  for (let round = 1; round <= 3; round += 1) {
    const before = outcomes.acknowledged.size;
    await expect.poll(() => outcomes.acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(before + 100);
    await server.crash();
    await server.restart();
  }
  const atTheEnd = outcomes.acknowledged.size;
  await expect.poll(() => outcomes.acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(atTheEnd + 100);
  isRunning = false;
  await Promise.all(callers);
  const stored = new Set((await entries.find()).map(({ id }) => id));
  expect([...outcomes.acknowledged].filter((id) => !stored.has(id))).toEqual([]);
  const told = [...outcomes.refused].filter(([, code]) => code !== 'commit_unknown');
  expect(told.filter(([id]) => stored.has(id))).toEqual([]);
  const codes = new Set(told.map(([, code]) => code));
  expect(
    [...codes].filter((code) => !['connection_failed', 'connection_lost', 'timeout'].includes(code)),
  ).toEqual([]);
}, 90_000);
