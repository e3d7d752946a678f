import { describe, expect, it } from 'vitest';
import type { Driver } from '../driver/driver.js';
import { assertStorageOptions, chooseDriver, keptBackups, type StorageOptions } from './storage-options.js';

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

describe('the options of a storage', () => {
  const check = (options: object): void =>
    assertStorageOptions({ url: 'my:secret', drivers: [driver], ...options } as StorageOptions);
  const sqlite = (): Driver => driver;

  it('may all be given, and left undefined', () => {
    expect(() => check({ camelCase: true, timeoutMs: 5, backupBeforeMigrating: { keep: 1 } })).not.toThrow();
    expect(() => check({ camelCase: undefined, timeoutMs: undefined, migrations: undefined })).not.toThrow();
  });

  it.each([
    [{ camelcase: true }, 'openStorage has no option "camelcase". Did you mean "camelCase"?'],
    [{ driver: [driver] }, 'openStorage has no option "driver". Did you mean "drivers"?'],
    [{ drivers: [sqlite] }, 'Call it: write sqlite().'],
    [{ drivers: [driver, sqlite] }, '`drivers[1]`'],
    [{ drivers: driver }, '`drivers` must be an array of drivers; it is an object.'],
    [{ drivers: [undefined] }, '`drivers[0]` is no driver; it is undefined.'],
    [{ url: undefined }, '`url` must be a string; it is undefined.'],
    [{ camelCase: 'no' }, '`camelCase` must be true or false; it is a string.'],
    [{ timeoutMs: '5' }, '`timeoutMs` must be'],
    [{ timeoutMs: 0 }, '`timeoutMs` must be'],
    [
      { backupBeforeMigrating: { keeps: 3 } },
      'backupBeforeMigrating has no option "keeps". Did you mean "keep"?',
    ],
  ])('are refused where they are none: %j', (options, message) => {
    expect(() => check(options)).toThrow(expect.objectContaining({ code: 'invalid_configuration' }));
    expect(() => check(options)).toThrow(message);
    expect(() => check(options)).not.toThrow(/secret/);
  });
});
