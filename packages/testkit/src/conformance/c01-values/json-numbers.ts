import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { rejection } from '../../fixture/rejection.js';
import { rowWith } from '../../fixture/schema/specimen-row.js';

/** Numbers that raw SQL, or another program, stored inside JSON, and that JavaScript cannot hold. */
const ROUNDED: readonly (readonly [what: string, number: string])[] = [
  ['an integer beyond 2^53', '12345678901234567890'],
  ['more digits than a double has', '0.1234567890123456789'],
  ['an exponent beyond a double', '1e400'],
];

/** A number inside JSON is never rounded: it is refused, and the error names its place. */
export function jsonNumberCases(fixture: Fixture): void {
  const store = async (column: 'doc' | 'tree', number: string): Promise<void> => {
    const json = `{"list": [1, {"of it": ${number}}]}`;
    await sql`insert into specimen (id, ${sql.ref(column)}) values (1, ${sql.lit(json)})`.execute(
      fixture.storage.kysely,
    );
  };

  describe('numbers in JSON', () => {
    for (const column of ['doc', 'tree'] as const) {
      for (const [what, number] of ROUNDED) {
        test(`C1 ${column} with ${what} is refused wherever it is read`, async () => {
          await store(column, number);
          const specimens = fixture.storage.repository('specimen', { key: 'id' });
          const query = fixture.storage.kysely.selectFrom('specimen').select(['id', column]);
          const reads: readonly (() => Promise<unknown>)[] = [
            () => specimens.get(1),
            () => specimens.find(),
            () => collect(specimens.stream()),
            () => query.execute(),
            () => collect(query.stream()),
            () => fixture.storage.read((tx) => tx.kysely.executeQuery(query)),
          ];
          for (const read of reads) {
            const error = await expectRefusal(read(), 'invalid_value');
            expect(error).toMatchObject({ column });
            expect(error.message).toContain('$.list[1]."of it"');
          }
        });
      }

      test(`C1 ${column} keeps a number of many digits that is a double`, async () => {
        await store(column, '0.30000000000000004');
        const row = await fixture.storage.repository('specimen', { key: 'id' }).getOrThrow(1);
        expect(row[column]).toStrictEqual({ list: [1, { 'of it': 0.30000000000000004 }] });
      });

      test(`C1 ${column} refuses a value that no JSON is, and names its place`, async () => {
        const specimens = fixture.storage.repository('specimen', { key: 'id' });
        const given = { list: [1, { 'of it': 2n ** 60n }] };
        const error = await rejection(specimens.insert(rowWith(1, column, given)));
        expect(error).toMatchObject({ code: 'invalid_value', table: 'specimen', column });
        expect((error as Error).message).toContain('$.list[1]."of it"');
      });
    }
  });
}
