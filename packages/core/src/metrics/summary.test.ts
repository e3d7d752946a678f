import { expect, test } from 'vitest';
import { Rate } from './rate.js';
import { Summary } from './summary.js';

/** A repeatable sequence of durations from a microsecond to ten minutes, evenly over the orders of magnitude. */
function durations(count: number): number[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return 10 ** ((state / 2_147_483_647) * 8.7 - 3);
  });
}

test('has nothing but zeros before the first duration', () => {
  expect(new Summary().snapshot()).toEqual({
    count: 0,
    totalMs: 0,
    avgMs: 0,
    maxMs: 0,
    p50Ms: 0,
    p95Ms: 0,
    p99Ms: 0,
  });
});

test('gives the percentiles of the durations within 2 %', () => {
  const summary = new Summary();
  const recorded = durations(10_000);
  for (const ms of recorded) summary.record(ms);
  const sorted = recorded.toSorted((a, b) => a - b);
  const { p50Ms, p95Ms, p99Ms, maxMs } = summary.snapshot();
  expect(maxMs).toBe(sorted.at(-1));
  for (const [percent, found] of [
    [50, p50Ms],
    [95, p95Ms],
    [99, p99Ms],
  ] as const) {
    const exact = sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? Number.NaN;
    expect(Math.abs(found / exact - 1)).toBeLessThan(0.02);
  }
});

test('takes durations that no histogram has room for', () => {
  const summary = new Summary();
  summary.record(0);
  expect(summary.snapshot()).toMatchObject({ count: 1, maxMs: 0, p50Ms: 0, p99Ms: 0 });
  summary.record(86_400_000);
  expect(summary.snapshot()).toMatchObject({ count: 2, maxMs: 86_400_000 });
});

test('merges summaries into what one would have recorded', () => {
  const [one, first, second] = [new Summary(), new Summary(), new Summary()];
  durations(1000).forEach((ms, index) => {
    one.record(ms);
    (index % 3 === 0 ? first : second).record(ms);
  });
  const { totalMs, avgMs, ...exact } = one.snapshot();
  const merged = Summary.merged([first, second, new Summary()]);
  expect(merged).toMatchObject(exact);
  expect(merged.totalMs).toBeCloseTo(totalMs);
  expect(merged.avgMs).toBeCloseTo(avgMs);
});

test('gives the rate of the last minute', () => {
  const rate = new Rate(1_000);
  expect(rate.perSecond(1_000)).toBe(0);
  for (let now = 1_000; now < 11_000; now += 100) rate.record(now);
  expect(rate.perSecond(11_000)).toBeCloseTo(10);
  expect(rate.perSecond(31_000)).toBeCloseTo(100 / 30);
  // The last slot begins at 120 s, the first one that counts at 65 s.
  for (let now = 31_000; now < 121_000; now += 500) rate.record(now);
  expect(rate.perSecond(121_000)).toBeCloseTo(2);
  expect(rate.perSecond(1_000_000)).toBe(0);
});
