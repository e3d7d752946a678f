import { addMs, ago, bucket, datePart, durationMs, now } from '@sluice/core';
import { type Kysely, sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { LESSER, SPECIMEN } from '../../fixture/schema/specimen.js';
import type { SuiteDatabase } from '../../fixture/schema/suite-database.js';

type Db = Kysely<SuiteDatabase>;

const DAY_MS = 86_400_000;
const TIMES = [
  '2024-03-31T01:30:00.123Z',
  '1969-12-31T23:59:59.999Z',
  '2024-02-29T00:00:00.000Z',
  '2023-01-01T12:34:56.789Z',
  '0099-11-30T05:06:07.008Z',
  '2026-08-03T00:00:00.000Z',
].map((text) => new Date(text));

/** C2: the functions of core over times and days have one result on every driver. */
export function timeFunctionCases(fixture: Fixture): void {
  const store = async (): Promise<Db> => {
    const rows = TIMES.map((moment, id) => ({
      ...SPECIMEN,
      id,
      moment,
      day: moment.toISOString().slice(0, 10),
    }));
    await fixture.storage.repository('specimen', { key: 'id' }).insertMany(rows);
    return fixture.storage.kysely;
  };

  describe('functions over times', () => {
    test('C2 a time is cut to its second, minute, …, year', async () => {
      const db = await store();
      const rows = await db
        .selectFrom('specimen')
        .select((eb) =>
          (['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const).map((unit) =>
            bucket(unit, eb.ref('moment')).as(unit),
          ),
        )
        .orderBy('id')
        .execute();
      const iso = (date: unknown): string => (date as Date).toISOString().replace('.000Z', 'Z');
      expect(rows.map((row) => Object.values(row).map(iso))).toStrictEqual([
        [
          '2024-03-31T01:30:00Z',
          '2024-03-31T01:30:00Z',
          '2024-03-31T01:00:00Z',
          '2024-03-31T00:00:00Z',
          '2024-03-25T00:00:00Z',
          '2024-03-01T00:00:00Z',
          '2024-01-01T00:00:00Z',
          '2024-01-01T00:00:00Z',
        ],
        [
          '1969-12-31T23:59:59Z',
          '1969-12-31T23:59:00Z',
          '1969-12-31T23:00:00Z',
          '1969-12-31T00:00:00Z',
          '1969-12-29T00:00:00Z',
          '1969-12-01T00:00:00Z',
          '1969-10-01T00:00:00Z',
          '1969-01-01T00:00:00Z',
        ],
        [
          '2024-02-29T00:00:00Z',
          '2024-02-29T00:00:00Z',
          '2024-02-29T00:00:00Z',
          '2024-02-29T00:00:00Z',
          '2024-02-26T00:00:00Z',
          '2024-02-01T00:00:00Z',
          '2024-01-01T00:00:00Z',
          '2024-01-01T00:00:00Z',
        ],
        [
          '2023-01-01T12:34:56Z',
          '2023-01-01T12:34:00Z',
          '2023-01-01T12:00:00Z',
          '2023-01-01T00:00:00Z',
          '2022-12-26T00:00:00Z',
          '2023-01-01T00:00:00Z',
          '2023-01-01T00:00:00Z',
          '2023-01-01T00:00:00Z',
        ],
        [
          '0099-11-30T05:06:07Z',
          '0099-11-30T05:06:00Z',
          '0099-11-30T05:00:00Z',
          '0099-11-30T00:00:00Z',
          '0099-11-30T00:00:00Z',
          '0099-11-01T00:00:00Z',
          '0099-10-01T00:00:00Z',
          '0099-01-01T00:00:00Z',
        ],
        [
          '2026-08-03T00:00:00Z',
          '2026-08-03T00:00:00Z',
          '2026-08-03T00:00:00Z',
          '2026-08-03T00:00:00Z',
          '2026-08-03T00:00:00Z',
          '2026-08-01T00:00:00Z',
          '2026-07-01T00:00:00Z',
          '2026-01-01T00:00:00Z',
        ],
      ]);
    });

    test('C2 the parts of a time and of a day', async () => {
      const db = await store();
      const parts = ['year', 'quarter', 'month', 'day', 'dayOfWeek', 'dayOfYear'] as const;
      const rows = await db
        .selectFrom('specimen')
        .select((eb) => [
          ...parts.map((part) => datePart(part, eb.ref('moment')).as(part)),
          ...(['hour', 'minute', 'second'] as const).map((part) => datePart(part, eb.ref('moment')).as(part)),
        ])
        .orderBy('id')
        .execute();
      expect(rows.map((row) => Object.values(row))).toStrictEqual([
        [2024, 1, 3, 31, 7, 91, 1, 30, 0],
        [1969, 4, 12, 31, 3, 365, 23, 59, 59],
        [2024, 1, 2, 29, 4, 60, 0, 0, 0],
        [2023, 1, 1, 1, 7, 1, 12, 34, 56],
        [99, 4, 11, 30, 1, 334, 5, 6, 7],
        [2026, 3, 8, 3, 1, 215, 0, 0, 0],
      ]);
      const days = await db
        .selectFrom('specimen')
        .select((eb) => parts.map((part) => datePart(part, eb.ref('day')).as(part)))
        .orderBy('id')
        .execute();
      expect(days.map((row) => Object.values(row))).toStrictEqual(
        rows.map((row) => Object.values(row).slice(0, parts.length)),
      );
    });

    test('C2 rows are grouped, sorted and counted by the day of a time', async () => {
      const db = await store();
      const rows = await db
        .selectFrom('specimen')
        .select((eb) => [bucket('year', eb.ref('moment')).as('year'), eb.fn.countAll().as('rows')])
        .groupBy((eb) => bucket('year', eb.ref('moment')))
        .orderBy('year', 'desc')
        .limit(2)
        .execute();
      expect(rows).toStrictEqual([
        { year: new Date('2026-01-01'), rows: 1 },
        { year: new Date('2024-01-01'), rows: 2 },
      ]);
    });

    test('C2 durations are added, and measured', async () => {
      const db = await store();
      const rows = await db
        .selectFrom('specimen')
        .select((eb) => [
          addMs(eb.ref('moment'), DAY_MS + 1).as('later'),
          addMs(eb.ref('moment'), eb.ref('small')).as('by'),
          durationMs(eb.ref('moment'), SPECIMEN.moment as Date).as('since'),
          durationMs(eb.ref('moment'), addMs(eb.ref('moment'), -1)).as('back'),
        ])
        .where('id', 'in', [1, 2])
        .where((eb) => eb(durationMs(LESSER.moment as Date, eb.ref('moment')), '<', 10 * 365 * 100 * DAY_MS))
        .orderBy('id')
        .execute();
      expect(rows).toStrictEqual([
        {
          later: new Date('1970-01-02T00:00:00.000Z'),
          by: new Date('1970-01-01T00:00:00.011Z'),
          since: 1_711_848_600_124,
          back: -1,
        },
        {
          later: new Date('2024-03-01T00:00:00.001Z'),
          by: new Date('2024-02-29T00:00:00.012Z'),
          since: 2_683_800_123,
          back: -1,
        },
      ]);
    });

    test('C2 NULL gives NULL', async () => {
      const db = await store();
      await db.updateTable('specimen').set({ moment: null, day: null }).where('id', '=', 0).execute();
      const query = db
        .selectFrom('specimen')
        .select((eb) => [
          bucket('day', eb.ref('moment')).as('a'),
          datePart('day', eb.ref('day')).as('b'),
          addMs(eb.ref('moment'), 1).as('c'),
          durationMs(eb.ref('moment'), now()).as('d'),
        ])
        .where('id', '=', 0);
      expect(await query.execute()).toStrictEqual([{ a: null, b: null, c: null, d: null }]);
    });

    test('C2 now is one moment in a transaction, in whole milliseconds', async () => {
      const { storage } = fixture;
      const notes = storage.repository('specimen', { key: 'id' });
      await storage.write(async (tx) => {
        await tx.kysely
          .insertInto('specimen')
          .values({ ...SPECIMEN, id: 1, moment: now() } as never)
          .execute();
        await new Promise((resolve) => setTimeout(resolve, 5));
        await tx.kysely
          .updateTable('specimen')
          .set({ day: '2020-01-01' })
          .where('moment', '=', now())
          .execute();
        const [row] = await tx.kysely
          .selectFrom('specimen')
          .select((eb) => [
            now().as('now'),
            'moment',
            'day',
            durationMs(eb.ref('moment'), now()).as('age'),
            addMs(now(), 1).as('next'),
          ])
          .execute();
        expect(row).toMatchObject({ day: '2020-01-01', age: 0 });
        expect(row?.moment).toStrictEqual(row?.now);
        expect(row?.next.getTime()).toBe((row?.now.getTime() ?? 0) + 1);
      });
      const first = await notes.get(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await notes.count({ where: (eb) => eb('moment', '<', now()) })).toBe(1);
      expect(await notes.count({ where: (eb) => eb('moment', '<', ago({ hours: 1 })) })).toBe(0);
      expect(await notes.count({ where: (eb) => eb('moment', '>', ago({ days: 1, ms: 1 })) })).toBe(1);
      expect(first?.moment?.getTime()).toBeLessThanOrEqual(Date.now() + DAY_MS);
      const [batched, again] = await storage.batch([
        storage.kysely.updateTable('specimen').set({ moment: now() }).returning('moment'),
        storage.kysely.selectFrom('specimen').select('id').where('moment', '=', now()),
      ]);
      expect(batched.rows).toHaveLength(1);
      expect(again.rows).toStrictEqual([{ id: 1 }]);
    });

    test('C2 what is no time is refused', async () => {
      const db = await store();
      const query = db.selectFrom('specimen');
      const refused = [
        query.select((eb) => bucket('day', eb.ref('word') as never).as('x')),
        query.select(durationMs(sql<Date>`current_date`, now()).as('x')),
        query.select((eb) => addMs(eb.ref('moment'), eb.ref('floating')).as('x')),
      ];
      for (const each of refused) await expectRefusal(each.execute(), 'untyped_expression');
      expect(() => ago({ ms: 0.5 })).toThrowError(/whole number/);
    });
  });
}
