import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import {
  COMPARABLE_COLUMNS,
  GREATER,
  LESSER,
  SPECIMEN,
  SPECIMEN_COLUMNS,
  SPECIMEN_TYPES,
} from '../../fixture/schema/specimen.js';
import { orderedRows, rowWith } from '../../fixture/schema/specimen-row.js';

/** All repository methods accept and return the same values. */
export function repositoryCases(fixture: Fixture): void {
  describe('repository calls', () => {
    for (const column of SPECIMEN_COLUMNS) {
      test(`C1 ${SPECIMEN_TYPES[column]} is written alike by insertMany, upsert, update, updateMany and load`, async () => {
        const specimens = fixture.storage.repository('specimen', { key: 'id' });
        const value = SPECIMEN[column];
        await specimens.insertMany([rowWith(1, column, value), rowWith(2, column, null)]);
        await specimens.upsert(rowWith(2, column, value));
        await specimens.upsert(rowWith(3, column, value));
        await specimens.insertMany([rowWith(4, column, LESSER[column]), rowWith(5, column, null)]);
        await specimens.update(4, { [column]: value });
        await specimens.updateMany({ where: { id: 5 } }, { [column]: value });
        await specimens.load([rowWith(6, column, value)]);
        const rows = await specimens.find({ orderBy: { id: 'asc' } });
        expect(rows.map((row) => row[column])).toStrictEqual(Array(6).fill(value));
      });

      test(`C1 ${SPECIMEN_TYPES[column]} is read alike by getMany, findOne, page, stream and in transactions`, async () => {
        const { storage } = fixture;
        const specimens = storage.repository('specimen', { key: 'id' });
        await specimens.insert(rowWith(1, column, SPECIMEN[column]));
        const expected = await specimens.getOrThrow(1);
        expect(await specimens.getMany([1])).toStrictEqual([expected]);
        expect(await specimens.findOne()).toStrictEqual(expected);
        expect(await specimens.page({ size: 5 })).toStrictEqual({ rows: [expected], nextCursor: undefined });
        expect(await collect(specimens.stream())).toStrictEqual([expected]);
        const inside = await storage.write((tx) => tx.repository('specimen', { key: 'id' }).get(1));
        const snapshot = await storage.read((tx) => tx.repository('specimen', { key: 'id' }).get(1));
        expect([inside, snapshot]).toStrictEqual([expected, expected]);
        expect(expected[column]).toStrictEqual(SPECIMEN[column]);
      });
    }

    for (const column of COMPARABLE_COLUMNS) {
      test(`C1 ${SPECIMEN_TYPES[column]} is compared by value in where`, async () => {
        const specimens = fixture.storage.repository('specimen', { key: 'id' });
        await specimens.insertMany(orderedRows());
        const found = async (condition: object): Promise<number[]> =>
          (await specimens.find({ where: { [column]: condition }, orderBy: { id: 'asc' } })).map(
            ({ id }) => id,
          );
        const isBoolean = column === 'flag';
        const [low, middle, high] = [LESSER[column], SPECIMEN[column], GREATER[column]];
        expect(await found({ eq: middle })).toStrictEqual([2]);
        expect(await found({ ne: middle })).toStrictEqual(isBoolean ? [1] : [1, 3]);
        expect(await found({ gt: low })).toStrictEqual(isBoolean ? [2] : [2, 3]);
        expect(await found({ gte: middle })).toStrictEqual(isBoolean ? [2] : [2, 3]);
        expect(await found({ lt: middle })).toStrictEqual([1]);
        expect(await found({ lte: middle })).toStrictEqual([1, 2]);
        expect(await found({ in: [low, middle] })).toStrictEqual([1, 2]);
        expect(await found({ notIn: [low] })).toStrictEqual(isBoolean ? [2] : [2, 3]);
        expect(await found({ between: [low, middle] })).toStrictEqual([1, 2]);
        expect(await found({ isNull: true })).toStrictEqual(isBoolean ? [3, 4] : [4]);
        if (!isBoolean) expect(await found({ eq: high })).toStrictEqual([3]);
      });

      test(`C1 ${SPECIMEN_TYPES[column]} sorts by value`, async () => {
        const specimens = fixture.storage.repository('specimen', { key: 'id' });
        await specimens.insertMany(orderedRows());
        const ids = async (direction: 'asc' | 'desc'): Promise<number[]> =>
          (await specimens.find({ orderBy: { [column]: direction, id: 'asc' } })).map(({ id }) => id);
        expect(await ids('asc')).toStrictEqual([1, 2, 3, 4]);
        expect(await ids('desc')).toStrictEqual(column === 'flag' ? [3, 4, 2, 1] : [4, 3, 2, 1]);
      });

      test(`C1 ${SPECIMEN_TYPES[column]} is kept in the cursor of a page`, async () => {
        const specimens = fixture.storage.repository('specimen', { key: 'id' });
        await specimens.insertMany(orderedRows());
        const orderBy = { [column]: 'asc' } as const;
        const seen: number[] = [];
        let cursor: string | undefined;
        do {
          const page = await specimens.page({ orderBy, size: 1, cursor });
          seen.push(...page.rows.map(({ id }) => id));
          cursor = page.nextCursor;
        } while (cursor !== undefined && seen.length < 10);
        expect(seen).toStrictEqual([1, 2, 3, 4]);
      });
    }

    for (const column of ['doc', 'tree'] as const) {
      test(`C1 ${SPECIMEN_TYPES[column]} is found by isNull: null inside is a value, SQL NULL is none`, async () => {
        const specimens = fixture.storage.repository('specimen', { key: 'id' });
        await specimens.insertMany([rowWith(1, column, [null]), rowWith(2, column, null)]);
        const nulls = await specimens.find({ where: { [column]: { isNull: true } } });
        expect(nulls.map(({ id }) => id)).toStrictEqual([2]);
        expect(await specimens.count({ where: { [column]: null } })).toBe(1);
      });
    }

    test('C1 a full row of values that are not null comes back as it was written', async () => {
      const full = fixture.storage.repository('full_specimen', { key: 'id' });
      const row = { ...SPECIMEN, id: 1 };
      expect(await full.insert(row)).toStrictEqual(row);
      expect(await full.get(1)).toStrictEqual(row);
    });

    test('C1 a row has exactly the columns of its table, and no prototype of its own', async () => {
      const specimens = fixture.storage.repository('specimen', { key: 'id' });
      const row = await specimens.insert({ ...SPECIMEN, id: 1 });
      expect(Object.keys(row).sort()).toStrictEqual(['id', ...SPECIMEN_COLUMNS].sort());
      expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
    });
  });
}
