import { once } from 'node:events';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname } from 'node:path';
import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { temporarySqlitePath } from '@sluice/testkit';
import { describe, expect, it } from 'vitest';
import { runSluice } from './transfer/run-sluice.js';

/** The names of the database and of what lies beside it. */
function filesOf(path: string): string[] {
  return readdirSync(dirname(path)).filter((name) => name.startsWith(basename(path)));
}

describe('sluice doctor', () => {
  it('reads the file and the metrics of a running application', async () => {
    const path = await temporarySqlitePath();
    const storage = await openStorage({ url: `sqlite:${path}`, drivers: [sqlite()] });
    await storage.write(async () => {});
    const server = createServer((_, response) => response.end(JSON.stringify(storage.metrics()))).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const healthy = await runSluice(['doctor', path, '--metrics', url, '--json']);
    expect(healthy.err).toBe('');
    expect(healthy.code).toBe(0);
    expect(JSON.parse(healthy.out)).toMatchObject({
      verdict: 'stay',
      symptoms: { journalMode: 'wal', metrics: { lockFailures: 0 } },
    });
    expect(await runSluice(['doctor', 'env:TARGET_URL', '--machines', '2'], `sqlite:${path}`)).toMatchObject({
      code: 1,
      out: expect.stringContaining('move'),
    });
    server.close();
    await storage.close();
  });

  it('reads the counters that the driver keeps beside the file, while the application runs and after it', async () => {
    const path = await temporarySqlitePath();
    const storage = await openStorage({ url: `sqlite:${path}`, drivers: [sqlite({ metricsFile: true })] });
    await storage.kysely.schema.createTable('t').addColumn('id', 'integer').execute();
    await storage.close();
    const { code, out, err } = await runSluice(['doctor', path, '--json']);
    expect([code, err]).toEqual([0, '']);
    const { metrics } = JSON.parse(out).symptoms;
    expect(metrics.lockAttempts).toBeGreaterThan(0);
    expect(Date.now() - Date.parse(metrics.writtenAt)).toBeGreaterThanOrEqual(0);
    expect((await runSluice(['doctor', path])).out).toContain(`until ${metrics.writtenAt}`);
    const without = await temporarySqlitePath();
    await (await openStorage({ url: `sqlite:${without}`, drivers: [sqlite()] })).close();
    expect(filesOf(without)).toStrictEqual([basename(without)]);
  });

  it('adds up the counters of several processes, those that have ended included', async () => {
    const path = await temporarySqlitePath();
    const open = () => openStorage({ url: `sqlite:${path}`, drivers: [sqlite({ metricsFile: true })] });
    const first = await open();
    await first.kysely.schema.createTable('t').addColumn('id', 'integer').execute();
    let attempts = 0;
    for (const writes of [5, 10, 15]) {
      const storage = await open();
      for (let write = 0; write < writes; write += 1)
        await storage.kysely
          .insertInto('t' as never)
          .values({ id: write } as never)
          .execute();
      attempts += storage.metrics().database.locks.attempts;
      await storage.close();
    }
    attempts += first.metrics().database.locks.attempts;
    await first.close();
    const { metrics } = JSON.parse((await runSluice(['doctor', path, '--json'])).out).symptoms;
    expect(metrics).toMatchObject({ lockAttempts: attempts, processes: 0, writers: 0 });
  });

  it('counts the files of processes that have ended for a day, the newest twenty of them', async () => {
    const path = await temporarySqlitePath();
    const storage = await openStorage({ url: `sqlite:${path}`, drivers: [sqlite({ metricsFile: true })] });
    const hour = 3_600_000;
    const now = Date.now();
    const write = (index: number, ageMs: number): string => {
      const name = `${path}-metrics-${index}-0000000${index % 10}.json`;
      const time = new Date(now - ageMs);
      writeFileSync(name, '{}');
      utimesSync(name, time, time);
      return basename(name);
    };
    const yesterday = write(1, 25 * hour);
    const recent = Array.from({ length: 25 }, (_, index) => write(100 + index, hour + 1000 * index));
    await storage.close();
    const left = filesOf(path);
    expect(left).not.toContain(yesterday);
    expect(left.filter((name) => recent.includes(name)).sort()).toStrictEqual(recent.slice(0, 20).sort());
    expect(left).toHaveLength(22);
  });

  it('says what to do about metrics that are none', async () => {
    const path = await temporarySqlitePath();
    const storage = await openStorage({ url: `sqlite:${path}`, drivers: [sqlite()] });
    await storage.close();
    expect(await runSluice(['doctor', path, '--metrics', '/no/such/file'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('/no/such/file'),
    });
  });
});
