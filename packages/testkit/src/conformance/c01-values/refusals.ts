import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { SPECIMEN, SPECIMEN_COLUMNS, SPECIMEN_TYPES } from '../../fixture/schema/specimen.js';
import { rowWith } from '../../fixture/schema/specimen-row.js';
import { REFUSED_VALUES } from './refused-values.js';

/** A value that a column cannot hold is refused by a ValueError that names the column, and nothing is stored. */
export function refusalCases(fixture: Fixture): void {
  describe('refusals', () => {
    for (const column of SPECIMEN_COLUMNS) {
      for (const { what, given } of REFUSED_VALUES[column]) {
        test(`C1 ${SPECIMEN_TYPES[column]} refuses ${what} and stores nothing`, async () => {
          const specimens = fixture.storage.repository('specimen', { key: 'id' });
          const error = await expectRefusal(specimens.insert(rowWith(1, column, given)), 'invalid_value');
          expect(error).toMatchObject({ table: 'specimen', column });
          expect(await specimens.count()).toBe(0);
        });
      }

      test(`C1 ${SPECIMEN_TYPES[column]} refuses a wrong value in every writing call`, async () => {
        const specimens = fixture.storage.repository('specimen', { key: 'id' });
        const stored = await specimens.insert({ ...SPECIMEN, id: 1 });
        const given = REFUSED_VALUES[column][0]?.given;
        const wrong = rowWith(1, column, given);
        await expectRefusal(
          specimens.insertMany([{ id: 2 } as typeof wrong, { ...wrong, id: 3 }]),
          'invalid_value',
        );
        await expectRefusal(specimens.upsert(wrong), 'invalid_value');
        await expectRefusal(specimens.update(1, { [column]: given }), 'invalid_value');
        await expectRefusal(specimens.updateMany({ where: {} }, { [column]: given }), 'invalid_value');
        await expectRefusal(specimens.load([{ ...wrong, id: 4 }]), 'invalid_value');
        expect(await specimens.find()).toStrictEqual([stored]);
      });
    }
  });
}
