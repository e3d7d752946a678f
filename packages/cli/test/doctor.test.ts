import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { temporarySqlitePath } from '@sluice/testkit';
import { describe, expect, it } from 'vitest';
import { runSluice } from './transfer/run-sluice.js';

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
    expect(existsSync(`${without}-metrics.json`)).toBe(false);
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
