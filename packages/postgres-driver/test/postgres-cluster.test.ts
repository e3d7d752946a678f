import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { LoadOfInserts } from './load-of-inserts.js';
import { openDatabase } from './opened-database.js';
import { type Cluster, type Member, missingPrograms, startCluster } from './own-cluster.js';

/** How many faults there are for each way to the cluster. */
const FAULTS = Number(process.env.SLUICE_TEST_FAILOVERS ?? 3);

const KINDS = ['kill', 'pause', 'isolate'] as const;

vi.setConfig({ testTimeout: 120_000 + FAULTS * 120_000, hookTimeout: 180_000 });

const missing = missingPrograms();
const reason =
  missing.length === 0 ? '' : ` (skipped, because these are not installed: ${missing.join(', ')})`;

describe.skipIf(missing.length > 0)(`a cluster of three under Patroni${reason}`, () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  /** Creates a database, and gives its address by the way of `url`. */
  async function createDatabase(name: string, url: string): Promise<string> {
    const { database, run } = await openDatabase({ url: cluster.url });
    await run(`create database ${name} template template0`);
    await database.close();
    return url.replace(/postgres$/, name);
  }

  async function untilPromoted(old: Member): Promise<void> {
    await expect
      .poll(async () => (await cluster.primary())?.name ?? old.name, { timeout: 60_000, interval: 50 })
      .not.toBe(old.name);
  }

  /** Makes the primary fail under load. Gives how long after the promotion the first write was acknowledged, by both ways to the cluster. */
  async function failOver(kind: (typeof KINDS)[number], loads: readonly LoadOfInserts[]): Promise<number[]> {
    await cluster.untilReady();
    await Promise.all(loads.map((load) => load.more(50)));
    const old = await cluster.primary();
    if (old === undefined) throw new Error('The cluster has no primary.');
    old[kind]();
    await untilPromoted(old);
    const times = await Promise.all(loads.map((load) => load.next()));
    old.heal();
    return times;
  }

  test(`loses nothing that it acknowledged in ${FAULTS} failovers, over a list of hosts and over HAProxy`, async () => {
    await cluster.untilReady();
    await using direct = await LoadOfInserts.on(await createDatabase('direct', cluster.url));
    await using proxied = await LoadOfInserts.on(await createDatabase('proxied', cluster.proxyUrl));
    const loads = [direct, proxied];
    for (let fault = 0; fault < FAULTS; fault += 1) {
      const kind = KINDS[fault % KINDS.length] ?? 'kill';
      const [hosts, proxy] = await failOver(kind, loads);
      console.log(
        `${kind}: first write ${Math.round(hosts ?? 0)} ms after the promotion over a list of hosts, ${Math.round(proxy ?? 0)} ms over HAProxy`,
      );
    }
    await cluster.untilReady();
    for (const load of loads) {
      await load.more(50);
      await load.expectNothingLost();
      console.log(`${load.acknowledged.size} acknowledged, ${load.refused.size} refused or unknown`);
    }
  });
});
