import { createGate } from './rendezvous.js';
import type { SuiteStorage } from './schema/suite-database.js';

/** Write transactions that hold every place there is for one. */
export interface HeldWriters {
  /** Lets one of them end, so that what waits goes through its place one by one. */
  releaseOne(): void;
  /** Lets all of them end, and waits until they have. */
  release(): Promise<void>;
}

/** Takes every place a write transaction could run in, so that further writes wait. */
export async function holdWriters(storage: SuiteStorage): Promise<HeldWriters> {
  const holders = Array.from({ length: storage.metrics().database.writer.permits }, () => hold(storage));
  await Promise.all(holders.map(({ begun, holding }) => Promise.race([begun, holding])));
  return {
    releaseOne: () => holders[0]?.end(),
    release: async () => {
      for (const { end } of holders) end();
      await Promise.all(holders.map(({ holding }) => holding));
    },
  };
}

function hold(storage: SuiteStorage): { begun: Promise<void>; holding: Promise<void>; end: () => void } {
  const begun = createGate();
  const gate = createGate();
  const holding = storage.write(async (tx) => {
    await tx.repository('author', { key: 'id' }).count();
    begun.resolve();
    await gate.promise;
  });
  return { begun: begun.promise, holding, end: gate.resolve };
}
