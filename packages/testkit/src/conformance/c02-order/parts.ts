import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

const BYTES: readonly (readonly number[] | null)[] = [
  [],
  [0],
  [0, 1],
  [1, 0, 1],
  [1, 255],
  [1, 255, 0],
  [2],
  [255],
  [255, 255],
  [255, 255, 1],
  [37, 95, 92],
  null,
];

const WORDS = ['Ada', 'ADA', 'ada', 'äda', 'ÄDA', 'adam', 'Add%', 'aDd_', 'k', '\u212a', 'ſ', 's', '', null];

/** Parts of bytes, and texts compared without regard to the case of A to Z: both mean on every engine what they mean in JavaScript. */
export function partCases(fixture: Fixture): void {
  const storeBytes = async () => {
    const specimens = fixture.storage.repository('specimen', { key: 'id' });
    await specimens.insertMany(BYTES.map((bytes, id) => ({ id, bytes: bytes && Uint8Array.from(bytes) })));
    return specimens;
  };
  const storeWords = async () => {
    const specimens = fixture.storage.repository('specimen', { key: 'id' });
    await specimens.insertMany(WORDS.map((word, id) => ({ id, word })));
    return specimens;
  };
  const idsOf = <T>(all: readonly T[], matches: (value: NonNullable<T>) => boolean): number[] =>
    all.flatMap((value, id) => (value !== null && value !== undefined && matches(value) ? [id] : []));

  describe('parts', () => {
    const holds: Readonly<
      Record<
        'contains' | 'endsWith' | 'startsWith',
        (whole: readonly number[], part: readonly number[]) => boolean
      >
    > = {
      contains: (whole, part) => Buffer.from(whole).includes(Buffer.from(part)),
      endsWith: (whole, part) =>
        whole.length >= part.length &&
        Buffer.from(part).equals(Buffer.from(whole).subarray(whole.length - part.length)),
      startsWith: (whole, part) => Buffer.from(part).equals(Buffer.from(whole).subarray(0, part.length)),
    };
    for (const operator of ['contains', 'endsWith', 'startsWith'] as const) {
      test(`C2 ${operator} finds bytes in bytes`, async () => {
        const specimens = await storeBytes();
        for (const part of [...BYTES, [1, 0, 1, 1], [255, 255, 255]]) {
          if (part === null) continue;
          const where = { bytes: { [operator]: Uint8Array.from(part) } };
          const found = await specimens.find({ select: ['id'], where, orderBy: { id: 'asc' } });
          expect(found.map(({ id }) => id)).toStrictEqual(
            idsOf(BYTES, (whole) => holds[operator](whole, part)),
          );
          expect(await specimens.count({ where: { not: where } })).toBe(BYTES.length - 1 - found.length);
        }
      });
    }

    test('C2 endsWith takes its text literally, and is case-sensitive', async () => {
      const specimens = await storeWords();
      for (const end of ['%', '_', 'da', 'DA', 'a', 'Äda', '', 'xx', '\\']) {
        const found = await specimens.find({ where: { word: { endsWith: end } }, orderBy: { id: 'asc' } });
        expect(found.map(({ id }) => id)).toStrictEqual(idsOf(WORDS, (word) => word.endsWith(end)));
      }
    });

    const fold = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
    const compare: Readonly<Record<string, (word: string, operand: string) => boolean>> = {
      contains: (word, operand) => word.includes(operand),
      endsWith: (word, operand) => word.endsWith(operand),
      eq: (word, operand) => word === operand,
      ne: (word, operand) => word !== operand,
      startsWith: (word, operand) => word.startsWith(operand),
    };
    for (const [operator, matches] of Object.entries(compare)) {
      test(`C2 ${operator} with caseInsensitive folds A to Z and no other letters`, async () => {
        const specimens = await storeWords();
        for (const operand of ['ADA', 'ada', 'ÄDA', 'D%', 'D_', 'K', '\u212a', 'S', '']) {
          const where = { word: { [operator]: operand, caseInsensitive: true } };
          const found = await specimens.find({ where, orderBy: { id: 'asc' } });
          const expected = idsOf(WORDS, (word) => matches(fold(word), fold(operand)));
          expect(found.map(({ id }) => id)).toStrictEqual(expected);
        }
      });
    }

    test('C2 like, in and notIn with caseInsensitive fold the same letters', async () => {
      const specimens = await storeWords();
      const found = async (word: object): Promise<unknown[]> =>
        (await specimens.find({ where: { word }, orderBy: { id: 'asc' } })).map((row) => row.word);
      expect(await found({ like: 'aD_', caseInsensitive: true })).toStrictEqual(['Ada', 'ADA', 'ada']);
      expect(await found({ like: 'ad%\\_', caseInsensitive: true })).toStrictEqual(['aDd_']);
      expect(await found({ in: ['aDA', 'K'], caseInsensitive: true })).toStrictEqual([
        'Ada',
        'ADA',
        'ada',
        'k',
      ]);
      expect(await found({ in: [], caseInsensitive: true })).toStrictEqual([]);
      expect(
        await found({ notIn: ['ADA', 'ADAM', 'ADD%', 'ADD_', 'K', 'S', ''], caseInsensitive: true }),
      ).toStrictEqual(['äda', 'ÄDA', '\u212a', 'ſ']);
      expect(await found({ eq: null, caseInsensitive: true })).toStrictEqual([null]);
      expect(await found({ contains: 'DA', caseInsensitive: false })).toStrictEqual(['ADA', 'ÄDA']);
    });

    test('C2 conditions of one text with and without case do not take each other’s statements', async () => {
      const specimens = await storeWords();
      for (let round = 0; round < 2; round += 1) {
        expect(await specimens.count({ where: { word: { eq: 'ADA', caseInsensitive: true } } })).toBe(3);
        expect(await specimens.count({ where: { word: { eq: 'ADA' } } })).toBe(1);
        expect(await specimens.count({ where: { code: { eq: 'ADA', caseInsensitive: true } } })).toBe(0);
      }
    });

    const wrong: readonly (readonly [string, object, 'invalid_query' | 'invalid_value'])[] = [
      [
        'caseInsensitive of bytes',
        { bytes: { eq: Uint8Array.of(1), caseInsensitive: true } },
        'invalid_query',
      ],
      ['caseInsensitive of a number', { whole: { eq: 1, caseInsensitive: true } }, 'invalid_query'],
      ['caseInsensitive beside gt', { word: { gt: 'a', caseInsensitive: true } }, 'invalid_query'],
      [
        'caseInsensitive beside between',
        { word: { between: ['a', 'b'], caseInsensitive: true } },
        'invalid_query',
      ],
      ['caseInsensitive alone', { word: { caseInsensitive: true } }, 'invalid_query'],
      ['caseInsensitive false alone', { word: { caseInsensitive: false } }, 'invalid_query'],
      ['caseInsensitive that is no boolean', { word: { eq: 'a', caseInsensitive: 'yes' } }, 'invalid_query'],
      ['a text in bytes', { bytes: { contains: 'a' } }, 'invalid_value'],
      ['a text at the end of bytes', { bytes: { endsWith: 'a' } }, 'invalid_value'],
      ['like of bytes', { bytes: { like: 'a' } }, 'invalid_query'],
      ['bytes in a text', { word: { contains: Uint8Array.of(1) } }, 'invalid_query'],
      ['endsWith of a number', { whole: { endsWith: '1' } }, 'invalid_query'],
    ];
    for (const [what, where, code] of wrong) {
      test(`C11 ${what} is refused`, async () => {
        const specimens = fixture.storage.repository('specimen', { key: 'id' });
        await expectRefusal(specimens.find({ where }), code);
      });
    }
  });
}
