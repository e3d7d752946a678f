import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { SPECIMEN_COLUMNS, SPECIMEN_TYPES } from '../../fixture/schema/specimen.js';
import { rowWith } from '../../fixture/schema/specimen-row.js';
import { ACCEPTED_VALUES } from './accepted-values.js';

/** Values at the limits of every type: stored by `insert`, read by `get` and by a plain query. */
export function edgeCases(fixture: Fixture): void {
  describe('edges', () => {
    for (const column of SPECIMEN_COLUMNS) {
      for (const { what, given, read = given } of ACCEPTED_VALUES[column]) {
        test(`C1 ${SPECIMEN_TYPES[column]} keeps ${what}`, async () => {
          const { storage } = fixture;
          const specimens = storage.repository('specimen', { key: 'id' });
          const returned = await specimens.insert(rowWith(1, column, given));
          const got = await specimens.getOrThrow(1);
          const selected = await storage.kysely
            .selectFrom('specimen')
            .select(column)
            .executeTakeFirstOrThrow();
          expect(returned[column]).toStrictEqual(read);
          expect(got[column]).toStrictEqual(read);
          expect(selected).toStrictEqual({ [column]: read });
        });
      }

      test(`C1 ${SPECIMEN_TYPES[column]} keeps NULL`, async () => {
        const specimens = fixture.storage.repository('specimen', { key: 'id' });
        const returned = await specimens.insert(rowWith(1, column, null));
        expect(returned[column]).toBeNull();
        expect((await specimens.getOrThrow(1))[column]).toBeNull();
      });
    }
  });
}
