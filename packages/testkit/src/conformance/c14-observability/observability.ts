import { describe, expect, test } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from '../../fixture/fixture.js';
import { holdWriters } from '../../fixture/hold-writers.js';
import { rejection } from '../../fixture/rejection.js';
import { passTurns } from '../../fixture/rendezvous.js';

const number = expect.any(Number);
const SUMMARY = {
  count: number,
  totalMs: number,
  avgMs: number,
  maxMs: number,
  p50Ms: number,
  p95Ms: number,
  p99Ms: number,
};
const OPERATION = { failures: number, durations: SUMMARY, perSecond: number };
const LANE = {
  permits: number,
  held: number,
  queued: { high: number, normal: number, low: number },
  waits: SUMMARY,
  waitsByPriority: { high: SUMMARY, normal: SUMMARY, low: SUMMARY },
  holds: SUMMARY,
  failures: number,
};

/** C14: every driver reports the same metrics and events. */
export function observabilitySuite(target: ConformanceTarget): void {
  describe('C14 observability', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    const accounts = () => fixture.storage.repository('account', { key: 'name' });

    test('C14 metrics have one shape', () => {
      expect(fixture.storage.metrics()).toStrictEqual({
        driver: expect.any(String),
        statements: OPERATION,
        transactions: OPERATION,
        labels: expect.any(Object),
        replays: expect.any(Object),
        errors: expect.any(Object),
        database: {
          writer: LANE,
          readers: LANE,
          locks: {
            attempts: number,
            successes: number,
            failures: number,
            retries: number,
            waits: SUMMARY,
            failureRate: number,
          },
          commits: number,
          rollbacks: number,
          engine: expect.any(Object),
        },
      });
    });

    test('C14 metrics are a snapshot, plain enough for JSON', async () => {
      const before = fixture.storage.metrics();
      const text = JSON.stringify(before);
      await accounts().insert({ name: 'a', balance: 1 });
      expect(JSON.stringify(before)).toBe(text);
      expect(JSON.parse(text)).toStrictEqual(before);
      expect(Object.values(before.database.engine).every((value) => typeof value === 'number')).toBe(true);
    });

    test('C14 statements are counted, those that fail by their code', async () => {
      const before = fixture.storage.metrics();
      await accounts().insert({ name: 'a', balance: 1 });
      await accounts().get('a');
      await fixture.storage.kysely.selectFrom('account').selectAll().execute();
      await rejection(accounts().insert({ name: 'a', balance: 1 }));
      const after = fixture.storage.metrics();
      expect(after.statements.durations.count - before.statements.durations.count).toBe(4);
      expect(after.statements.failures - before.statements.failures).toBe(1);
      expect((after.errors.unique_violation ?? 0) - (before.errors.unique_violation ?? 0)).toBe(1);
    });

    test('C14 calls are counted by their label, their totals are those of their kind', async () => {
      const { storage } = fixture;
      const before = storage.metrics();
      await accounts().insert({ name: 'a', balance: 1 });
      await accounts().insert({ name: 'b', balance: 1 }, { label: 'signup' });
      await rejection(accounts().insert({ name: 'a', balance: 1 }, { label: 'signup' }));
      await storage.write(async () => {}, { label: 'signup' });
      await storage.read(async () => {});
      const after = storage.metrics();
      const counted = (label: string): readonly number[] => {
        const [earlier, later] = [before, after].map(({ labels }) => labels[label]);
        expect(later).toStrictEqual(OPERATION);
        return [
          (later?.durations.count ?? 0) - (earlier?.durations.count ?? 0),
          (later?.failures ?? 0) - (earlier?.failures ?? 0),
        ];
      };
      expect(counted('account.insert')).toStrictEqual([1, 0]);
      expect(counted('signup')).toStrictEqual([3, 1]);
      expect(counted('read')).toStrictEqual([1, 0]);
      for (const kind of ['statements', 'transactions'] as const) {
        expect(after[kind].perSecond).toBeGreaterThan(0);
      }
      const { count, totalMs } = after.statements.durations;
      const all = [after.statements, after.transactions].map(({ durations }) => durations.count);
      const labelled = Object.values(after.labels).map(({ durations }) => durations.count);
      const add = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
      expect(add(labelled)).toBe(add(all));
      expect(after.statements.durations.avgMs).toBeCloseTo(totalMs / count);
    });

    test('C14 durations have percentiles, between nothing and the longest', async () => {
      for (let round = 0; round < 20; round += 1) await accounts().get('a');
      const { p50Ms, p95Ms, p99Ms, maxMs } = fixture.storage.metrics().statements.durations;
      expect(p50Ms).toBeGreaterThan(0);
      expect([p50Ms, p95Ms, p99Ms, maxMs]).toStrictEqual(
        [p50Ms, p95Ms, p99Ms, maxMs].toSorted((a, b) => a - b),
      );
    });

    test('C14 transactions are counted, with their commits and rollbacks', async () => {
      const { storage } = fixture;
      const before = storage.metrics();
      for (let round = 0; round < 3; round += 1) {
        await storage.write((tx) =>
          tx.repository('account', { key: 'name' }).upsert({ name: 'a', balance: round }),
        );
      }
      const work = storage.write(async (tx) => {
        await tx.repository('account', { key: 'name' }).upsert({ name: 'b', balance: 1 });
        throw new Error('undone');
      });
      await rejection(work);
      const after = storage.metrics();
      expect(after.transactions.durations.count - before.transactions.durations.count).toBe(4);
      expect(after.transactions.failures - before.transactions.failures).toBe(1);
      expect(after.database.commits - before.database.commits).toBeGreaterThanOrEqual(3);
      expect(after.database.rollbacks - before.database.rollbacks).toBeGreaterThanOrEqual(1);
    });

    test('C14 the writer’s lane reports its holders, its waiters, and their waiting times', async () => {
      const { storage } = fixture;
      const before = storage.metrics().database.writer;
      expect([before.held, before.queued]).toStrictEqual([0, { high: 0, normal: 0, low: 0 }]);
      const held = await holdWriters(storage);
      const work = (['high', 'normal', 'low', 'low'] as const).map((priority, balance) =>
        accounts().insert({ name: `n${balance}`, balance }, { priority }),
      );
      await passTurns(20);
      const during = storage.metrics().database.writer;
      expect(during.held).toBe(during.permits);
      expect(during.queued).toStrictEqual({ high: 1, normal: 1, low: 2 });
      await held.release();
      await Promise.all(work);
      const after = storage.metrics().database.writer;
      for (const [priority, calls] of [
        ['high', 1],
        ['low', 2],
      ] as const) {
        const [earlier, later] = [before, after].map((lane) => lane.waitsByPriority[priority].count);
        expect((later ?? 0) - (earlier ?? 0)).toBe(calls);
      }
      expect([after.held, after.queued]).toStrictEqual([0, { high: 0, normal: 0, low: 0 }]);
      expect(after.waits.count).toBeGreaterThan(before.waits.count);
      expect(after.waits.maxMs).toBeGreaterThan(0);
      expect(after.holds.count).toBeGreaterThan(before.holds.count);
    });

    test('C14 lock attempts are counted, and without contention none fails', async () => {
      const before = fixture.storage.metrics().database.locks;
      await accounts().insert({ name: 'a', balance: 1 });
      const { attempts, successes, failures, failureRate } = fixture.storage.metrics().database.locks;
      expect(attempts).toBeGreaterThan(before.attempts);
      expect(successes).toBeGreaterThan(before.successes);
      expect(failures).toBe(before.failures);
      expect(failureRate).toBeCloseTo(attempts === 0 ? 0 : failures / attempts);
    });

    test('C14 calls that are dropped while they wait are failures of the lane', async () => {
      const { storage } = fixture;
      const before = storage.metrics();
      const held = await holdWriters(storage);
      await rejection(accounts().insert({ name: 'a', balance: 1 }, { timeoutMs: 20 }));
      await held.release();
      const after = storage.metrics();
      expect(after.database.writer.failures - before.database.writer.failures).toBe(1);
      expect((after.errors.timeout ?? 0) - (before.errors.timeout ?? 0)).toBe(1);
    });

    test('C14 health reports whether the database answers, how fast, and by which driver', async () => {
      const health = await fixture.storage.health();
      expect(health).toStrictEqual({
        isHealthy: true,
        driver: fixture.storage.metrics().driver,
        latencyMs: number,
      });
      expect(health.latencyMs).toBeGreaterThanOrEqual(0);
    });

    test('C14 a listener gets events until it is removed', async () => {
      const { storage } = fixture;
      const told: string[] = [];
      const stop = storage.on('close', () => told.push('first'));
      storage.on('migration', () => told.push('migration'));
      stop();
      stop();
      await storage.migrator.up();
      expect(told).toStrictEqual([]);
    });

    test('C14 a new storage has counted no statement and no transaction', async () => {
      const { statements, transactions, replays, errors } = (await fixture.apart()).metrics();
      expect([statements.durations.count, transactions.durations.count]).toStrictEqual([0, 0]);
      expect([replays, errors]).toStrictEqual([{}, {}]);
    });
  });
}
