import { describe, expect, it } from 'vitest';
import type { Driver } from '../driver/driver.js';
import { chooseDriver, keptBackups, type StorageOptions } from './storage-options.js';

const driver: Driver = {
  name: 'mine',
  schemes: ['mine', 'my'],
  open: () => Promise.reject(new Error('not opened here')),
};

describe('chooseDriver', () => {
  it('finds the driver that answers to the scheme, in any case', () => {
    expect(chooseDriver({ url: 'MY:thing', drivers: [driver] })).toBe(driver);
  });

  it('says which package brings a driver that was not given', () => {
    const choose = (): unknown => chooseDriver({ url: 'postgres://u:secret@host/db', drivers: [driver] });
    expect(choose).toThrow(expect.objectContaining({ code: 'driver_missing' }));
    expect(choose).toThrow(/^(?!.*secret).*@sluice\/postgres-driver/);
  });

  it('refuses an unknown scheme and names those it knows', () => {
    const choose = (): unknown => chooseDriver({ url: 'mysql://u:secret@host/db', drivers: [driver] });
    expect(choose).toThrow(expect.objectContaining({ code: 'unknown_scheme' }));
    expect(choose).toThrow(/^(?!.*secret).*mine:, my:/);
  });

  it.each(['', './app.db', 'C'])('refuses %j, which has no scheme, and says how to write one', (url) => {
    expect(() => chooseDriver({ url, drivers: [driver] })).toThrow(/sqlite:PATH/);
  });
});

describe('the backups before migrations', () => {
  const kept = (backupBeforeMigrating?: StorageOptions['backupBeforeMigrating']): number =>
    keptBackups({ url: 'my:db', drivers: [driver], backupBeforeMigrating });

  it('are three, as many as are wanted, or none', () => {
    expect([kept(), kept(true), kept({ keep: 7 }), kept(false)]).toStrictEqual([3, 3, 7, 0]);
  });

  it.each([0, -1, 1.5, Number.NaN])('cannot be %s', (keep) => {
    expect(() => kept({ keep })).toThrow(expect.objectContaining({ code: 'invalid_configuration' }));
  });
});
