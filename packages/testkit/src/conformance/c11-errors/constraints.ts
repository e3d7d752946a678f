import { SluiceError } from '@sluice/core';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { storeLibrary, VIOLATIONS } from './violations.js';

/** A violation reports the table, the columns and the constraint, outside and inside of transactions. */
export function constraintCases(fixture: Fixture): void {
  describe('constraints', () => {
    beforeEach(() => fixture.storage.write(storeLibrary));

    for (const { what, code, table, columns, constraint, attempt } of VIOLATIONS) {
      test(`C11 breaking ${what} tells table, columns and constraint`, async () => {
        const error = await expectRefusal(attempt(fixture.storage), code);
        expect({ table: error.table, columns: error.columns }).toStrictEqual({ table, columns });
        if (constraint !== undefined) expect(error.constraint).toBe(constraint);
      });

      test(`C11 breaking ${what} tells the same inside a transaction`, async () => {
        const error = await expectRefusal(fixture.storage.write(attempt), code);
        expect({ table: error.table, columns: error.columns }).toStrictEqual({ table, columns });
        if (constraint !== undefined) expect(error.constraint).toBe(constraint);
      });

      test(`C11 breaking ${what} has the engine’s own error as cause`, async () => {
        const error = await expectRefusal(attempt(fixture.storage), code);
        expect(error.cause).toBeInstanceOf(Error);
        expect(error.cause).not.toBeInstanceOf(SluiceError);
      });
    }
  });
}
