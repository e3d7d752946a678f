import { expect, test } from 'vitest';
import { assertNodeVersion } from './runtime.js';
import { isAtLeast, OLDEST_SQLITE } from './versions.js';

test.each(['20.20.2', '18.0.0', '22.13.1', '22.12.0', '22.11.9', '22.0.0', '9.0.0'])(
  'Node %s is refused',
  (version) => {
    expect(() => assertNodeVersion(version)).toThrow(expect.objectContaining({ code: 'runtime_too_old' }));
  },
);

test.each(['22.14.0', '22.14.1', '24.0.0', '23.0.0-nightly2024', '100.0.0'])(
  'Node %s is taken',
  (version) => {
    expect(() => assertNodeVersion(version)).not.toThrow();
  },
);

test.each([
  ['3.51.2', false],
  ['3.7.17', false],
  ['3.51.3', true],
  ['3.54.1', true],
  ['4.0.0', true],
])('SQLite %s is new enough: %s', (version, isNew) => {
  expect(isAtLeast(version, OLDEST_SQLITE)).toBe(isNew);
});
