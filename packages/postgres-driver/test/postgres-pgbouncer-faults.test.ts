import { openStorage, SluiceError } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { until } from '@sluice/testkit/driver-tests';
import { type Generated, sql } from 'kysely';
import { describe, expect, test, vi } from 'vitest';
import { openDatabase } from './opened-database.js';
import { type OwnPgbouncer, pgbouncerVersion, startOwnPgbouncer } from './own-pgbouncer.js';

/** How many statements there are in each mode of the pooler. */
const STATEMENTS = Number(process.env.SLUICE_TEST_POOLED ?? 1_500);

const CALLERS = 24;

/** How many statements are executed between two faults. */
const BETWEEN_FAULTS = Math.min(1_000, STATEMENTS / 10);

vi.setConfig({ testTimeout: 120_000 + STATEMENTS * 20 });

interface Tables {
  /** The tag is no key: a statement that is executed twice leaves two rows. */
  readonly log: { readonly id: Generated<number>; readonly tag: number };
  readonly counter: { readonly id: number; readonly n: number };
}

/** The errors that say that nothing was executed. */
const REFUSED = ['conflict', 'connection_failed', 'connection_lost', 'timeout'];

async function openLoaded(pooler: 'session' | 'transaction') {
  const direct = await openDatabase();
  await direct.run(
    'create table log (id integer generated always as identity primary key, tag integer not null)',
  );
  await direct.run('create index on log (tag)');
  await direct.run('create table counter (id integer primary key, n integer not null)');
  await direct.run(`insert into counter select id, 0 from generate_series(0, ${CALLERS - 1}) as id`);
  const pgbouncer = await startOwnPgbouncer(direct.url, [
    `pool_mode = ${pooler}`,
    'default_pool_size = 10',
    'query_timeout = 1',
    'server_lifetime = 1',
    'server_login_retry = 0',
  ]);
  const storage = await openStorage<Tables>({
    url: pgbouncer.url,
    timeoutMs: 10_000,
    drivers: [postgres({ pooler, poolSize: 10 })],
  });
  const log = storage.repository('log', { key: 'id' });
  const count = (caller: number) => sql`update counter set n = n + 1 where id = ${caller}`;
  const ways: ((tag: number, caller: number) => Promise<unknown>)[] = [
    (tag) => log.insert({ tag }),
    (tag) => storage.kysely.insertInto('log').values({ tag }).execute(),
    (tag) => log.insertMany([{ tag }]),
    (tag) => sql`insert into log (tag) select ${tag}::integer from pg_sleep(0.01)`.execute(storage.kysely),
    (tag, caller) =>
      storage.write(async (tx) => {
        await count(caller).execute(tx.kysely);
        await tx.repository('log', { key: 'id' }).insert({ tag });
      }),
    (tag, caller) =>
      storage.kysely.transaction().execute(async (tx) => {
        await tx.insertInto('log').values({ tag }).execute();
        await count(caller).execute(tx);
      }),
    (tag, caller) =>
      sql`with counted as (update counter set n = n + 1 where id = ${caller}) insert into log (tag) values (${tag})`.execute(
        storage.kysely,
      ),
  ];
  return { direct, pgbouncer, storage, ways };
}

/** Way 4 and those after it count. */
const counts = (way: number): boolean => way >= 4;

/** Executes longer than the pooler's query_timeout: the server goes on while the caller is cut off. */
const TOO_LONG = (tag: number) => sql`insert into log (tag) select ${tag}::integer from pg_sleep(1.5)`;

function faultsOf(
  pgbouncer: OwnPgbouncer,
  run: (text: string) => Promise<unknown>,
): (() => Promise<unknown>)[] {
  return [
    () => pgbouncer.restart('SIGKILL'),
    () => run(TERMINATE('true')),
    () => pgbouncer.restart('SIGQUIT'),
    () => run(TERMINATE('pid % 3 = 0')),
    async () => {
      pgbouncer.signal('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 300));
      pgbouncer.signal('SIGCONT');
    },
  ];
}

const TERMINATE = (which: string): string =>
  `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and ${which}`;

const RUNNING = `select from pg_stat_activity where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()`;

const version = pgbouncerVersion();
const reason = version === undefined ? ' (skipped, because no pgbouncer is installed)' : ` ${version}`;

describe.skipIf(version === undefined)(`PgBouncer${reason} that fails under load`, () => {
  test.each(['session', 'transaction'] as const)(
    `in %s mode: of ${STATEMENTS} statements none that was acknowledged is lost, none is executed twice`,
    async (pooler) => {
      const { direct, pgbouncer, storage, ways } = await openLoaded(pooler);
      const outcomes = new Map<number, string>();
      const counted = Array.from({ length: CALLERS }, () => ({ acknowledged: 0, unknown: 0 }));
      let next = 0;
      const call = async (caller: number): Promise<void> => {
        while (next < STATEMENTS) {
          const tag = next++;
          const way = tag % ways.length;
          const isLong = tag % 500 === 499;
          const outcome = isLong ? TOO_LONG(tag).execute(storage.kysely) : ways[way]?.(tag, caller);
          const told = await outcome?.then(
            () => 'acknowledged',
            (error: unknown) => (error instanceof SluiceError ? error.code : String(error)),
          );
          outcomes.set(tag, told ?? '');
          const totals = counted[caller];
          if (totals === undefined || isLong || !counts(way)) continue;
          if (told === 'acknowledged') totals.acknowledged += 1;
          if (told === 'commit_unknown') totals.unknown += 1;
        }
      };
      const calls = Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(caller)));
      const faults = faultsOf(pgbouncer, (text) => direct.rows(text));
      let failed = 0;
      while (outcomes.size < STATEMENTS) {
        const enough = Math.min(STATEMENTS, (failed + 1) * BETWEEN_FAULTS);
        await expect
          .poll(() => outcomes.size, { timeout: 60_000, interval: 5 })
          .toBeGreaterThanOrEqual(enough);
        if (enough === STATEMENTS) break;
        await faults[failed % faults.length]?.();
        failed += 1;
      }
      await calls;
      await storage.close();

      // The server goes on with what the pooler has cut off.
      await until(async () => (await direct.rows(RUNNING)).length === 0);
      const rows = (await direct.rows('select tag, count(*)::integer as n from log group by tag')) as {
        tag: number;
        n: number;
      }[];
      const stored = new Map(rows.map(({ tag, n }) => [tag, n]));
      const wrong = [...outcomes].filter(([tag, told]) => {
        const times = stored.get(tag) ?? 0;
        if (told === 'acknowledged') return times !== 1;
        return told === 'commit_unknown' ? times > 1 : times !== 0 || !REFUSED.includes(told);
      });
      expect(wrong).toEqual([]);
      const counters = (await direct.rows('select id, n from counter')) as { id: number; n: number }[];
      const miscounted = counters.filter(({ id, n }) => {
        const { acknowledged = 0, unknown = 0 } = counted[id] ?? {};
        return n < acknowledged || n > acknowledged + unknown;
      });
      expect(miscounted).toEqual([]);
      const told = Object.entries(Object.groupBy([...outcomes.values()], (code) => code));
      console.log(
        `${pooler}: ${failed} faults, ${told.map(([code, all]) => `${all?.length} ${code}`).join(', ')}`,
      );
    },
  );
});
