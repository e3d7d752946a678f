import { percentile } from '@sluice/core';
import { expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { SPECIMEN } from '../../fixture/schema/specimen.js';

/** C2: a percentile is one of the values, in the order of their type, on every driver. */
export function percentileCases(fixture: Fixture): void {
  const store = async (): Promise<void> => {
    const rows = Array.from({ length: 20 }, (_, id) => ({
      ...SPECIMEN,
      id,
      whole: id + 1,
      big: 9_007_199_254_740_993n + BigInt(id),
      floating: id === 0 ? Number.NEGATIVE_INFINITY : id / 2,
      exact: `${id}.5`,
      price: `${id * 10}.00`,
      word: id === 19 ? '😀' : id === 18 ? '\uFF5E' : String.fromCharCode(65 + id),
      moment: new Date(id * 1_000),
      day: `2024-01-${String(id + 1).padStart(2, '0')}`,
      flag: id > 9,
      bytes: new Uint8Array([id, 255 - id]),
    }));
    await fixture.storage
      .repository('specimen', { key: 'id' })
      .insertMany([...rows.slice(7), ...rows.slice(0, 7)]);
  };

  test('C2 a percentile is a value at its place in the order, of every type', async () => {
    await store();
    const { kysely } = fixture.storage;
    const [row] = await kysely
      .selectFrom('specimen')
      .select((eb) => [
        percentile(0, eb.ref('whole')).as('least'),
        percentile(0.5, eb.ref('whole')).as('median'),
        percentile(0.95, eb.ref('whole')).as('p95'),
        percentile(0.951, eb.ref('whole')).as('beyond'),
        percentile(1, eb.ref('whole')).as('greatest'),
        percentile(0.5, eb.ref('big')).as('big'),
        percentile(0, eb.ref('floating')).as('floating'),
        percentile(0.75, eb.ref('exact')).as('exact'),
        percentile(0.6, eb.ref('price')).as('price'),
        percentile(0.95, eb.ref('word')).as('word'),
        percentile(1, eb.ref('word')).as('lastWord'),
        percentile(0.5, eb.ref('moment')).as('moment'),
        percentile(0.5, eb.ref('day')).as('day'),
        percentile(0.5, eb.ref('flag')).as('flag'),
        percentile(0.25, eb.ref('bytes')).as('bytes'),
      ])
      .execute();
    expect(row).toStrictEqual({
      least: 1,
      median: 10,
      p95: 19,
      beyond: 20,
      greatest: 20,
      big: 9_007_199_254_741_002n,
      floating: Number.NEGATIVE_INFINITY,
      exact: '14.5',
      price: '110.00',
      word: '\uFF5E',
      lastWord: '😀',
      moment: new Date(9_000),
      day: '2024-01-10',
      flag: false,
      bytes: new Uint8Array([4, 251]),
    });
  });

  test('C2 a percentile leaves out NULLs, follows groups and conditions, and sorts', async () => {
    await store();
    const { kysely } = fixture.storage;
    const late = await kysely
      .selectFrom('specimen')
      .select((eb) => [
        'flag',
        percentile(0.5, eb.ref('price')).as('middle'),
        percentile(0.5, eb.case().when('whole', '>', 15).then(eb.ref('whole')).end()).as('some'),
      ])
      .groupBy('flag')
      .having((eb) => eb(percentile(1, eb.ref('price')), '>=', '90.00'))
      .orderBy('middle', 'desc')
      .execute();
    expect(late).toStrictEqual([
      { flag: true, middle: '140.00', some: 18 },
      { flag: false, middle: '40.00', some: null },
    ]);
  });

  test('C2 a percentile of JSON, or of another fraction than one from 0 to 1, is refused', async () => {
    const { kysely } = fixture.storage;
    expect(() => percentile(95, kysely.fn.max('specimen.id') as never)).toThrow('from 0 to 1');
    const query = kysely.selectFrom('specimen').select((eb) => percentile(0.5, eb.ref('tree')).as('tree'));
    await expectRefusal(query.execute(), 'untyped_expression');
  });
}
