import { describe, expect, it } from 'vitest';
import { examine, type Symptoms } from './examine.js';

const HEALTHY: Symptoms = {
  fileBytes: 1e6,
  walBytes: 0,
  freeBytes: 0,
  journalMode: 'wal',
  machines: 1,
  metrics: undefined,
};
const METRICS = {
  lockAttempts: 1000,
  lockFailures: 50,
  lockRetries: 0,
  writers: 10,
  averageWaitMs: 1,
  commitsPerSecond: 5,
};

describe('examine', () => {
  it.each([
    ['a small file', {}, 'stay'],
    ['exactly the limits', { fileBytes: 500_000_000, metrics: METRICS }, 'stay'],
    ['a file above 500 MB', { fileBytes: 500_000_001 }, 'move'],
    ['two machines', { machines: 2 }, 'move'],
    ['more than 5 % of writes that fail', { metrics: { ...METRICS, lockFailures: 51 } }, 'move'],
    [
      'failures among too few writes',
      { metrics: { ...METRICS, lockAttempts: 99, lockFailures: 50 } },
      'stay',
    ],
    ['more than 10 writers', { metrics: { ...METRICS, writers: 11 } }, 'move'],
    ['a rollback journal', { journalMode: 'delete' }, 'tune'],
    ['a WAL that nobody writes back', { walBytes: 70_000_000 }, 'tune'],
    ['half of the writes that had to wait', { metrics: { ...METRICS, lockRetries: 500 } }, 'stay'],
    ['most writes that had to wait', { metrics: { ...METRICS, lockRetries: 501 } }, 'tune'],
    ['long waits', { metrics: { ...METRICS, averageWaitMs: 101 } }, 'tune'],
    ['free pages', { fileBytes: 60_000_000, freeBytes: 20_000_000 }, 'tune'],
    ['a move before a tune', { journalMode: 'delete', machines: 3 }, 'move'],
  ] as const)('%s', (_, change, verdict) => {
    expect(examine({ ...HEALTHY, ...change }).verdict).toBe(verdict);
  });
});
