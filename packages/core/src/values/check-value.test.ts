import { describe, expect, it } from 'vitest';
import { ValueError } from '../errors/data-errors.js';
import { checkValue } from './check-value.js';
import { parseValueType } from './value-type.js';

const place = { table: 'thing', column: 'it' };

function check(type: string, value: unknown): unknown {
  const parsed = parseValueType(type);
  if (parsed === undefined) throw new Error(`${type} is no type of the contract`);
  return checkValue(value, parsed, place);
}

const KEPT: readonly (readonly [type: string, value: unknown, canonical: unknown])[] = [
  ['text', '', ''],
  ['text', '𝒳 é', '𝒳 é'],
  ['varchar(3)', '𝒳𝒳𝒳', '𝒳𝒳𝒳'],
  ['smallint', -32768, -32768],
  ['integer', 2 ** 31 - 1, 2 ** 31 - 1],
  ['integer', 5n, 5],
  ['bigint', 2n ** 63n - 1n, 2n ** 63n - 1n],
  ['bigint', 7, 7n],
  ['double precision', Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ['numeric', '+0012.500', '12.500'],
  ['numeric', '-0.0', '0.0'],
  ['numeric', '.5', '0.5'],
  ['numeric(10,2)', '-1.5', '-1.50'],
  ['numeric(3,2)', '9.9900', '9.99'],
  ['numeric', '9'.repeat(40), '9'.repeat(40)],
  ['boolean', false, false],
  ['timestamptz', new Date(8.64e15), new Date(8.64e15)],
  ['timestamptz', new Date(Date.UTC(-4713, 10, 24)), new Date(Date.UTC(-4713, 10, 24))],
  ['date', '0001-01-01', '0001-01-01'],
  ['date', '2024-02-29', '2024-02-29'],
  ['uuid', '123E4567-E89B-12D3-A456-426614174000', '123e4567-e89b-12d3-a456-426614174000'],
  ['json', { a: ['1', 1, null, true] }, '{"a":["1",1,null,true]}'],
  ['bytea', new Uint8Array(0), new Uint8Array(0)],
  ['text', null, null],
];

const REFUSED: readonly (readonly [type: string, value: unknown])[] = [
  ['text', 5],
  ['text', 'a\0b'],
  ['text', '\ud800'],
  ['text', undefined],
  ['varchar(3)', 'four'],
  ['smallint', 32768],
  ['integer', 1.5],
  ['integer', -0],
  ['integer', '1'],
  ['integer', 2n ** 31n],
  ['bigint', 2n ** 63n],
  ['bigint', 2 ** 53],
  ['double precision', Number.NaN],
  ['double precision', -0],
  ['double precision', 1n],
  ['numeric', 1.5],
  ['numeric', ''],
  ['numeric', '.'],
  ['numeric', '1e3'],
  ['numeric', 'NaN'],
  ['numeric(3,2)', '10'],
  ['numeric(3,2)', '1.234'],
  ['boolean', 1],
  ['timestamptz', '2024-01-01'],
  ['timestamptz', new Date(Number.NaN)],
  ['timestamptz', new Date(Date.UTC(-4713, 10, 23))],
  ['date', '2024-02-31'],
  ['date', '0000-01-01'],
  ['date', '2024-1-1'],
  ['date', new Date()],
  ['uuid', '123e4567e89b12d3a456426614174000'],
  ['json', undefined],
  ['json', { a: undefined }],
  ['json', { a: 1n }],
  ['json', [new Date()]],
  ['json', { a: Number.NaN }],
  ['json', 'a\0b'],
  ['bytea', [1, 2]],
];

describe('checkValue', () => {
  it.each(KEPT)('C1 keeps a value of %s in its canonical form: %o', (type, value, canonical) => {
    expect(check(type, value)).toEqual(canonical);
  });

  it.each(REFUSED)('C1 refuses a value %s cannot hold exactly: %o', (type, value) => {
    expect(() => check(type, value)).toThrow(ValueError);
  });

  it.each([
    [{ a: [1, { 'b c': 1n }] }, '$.a[1]."b c"'],
    [[[Number.NaN]], '$[0][0]'],
    [{ at: new Date(0) }, '$.at'],
  ])('names the place in JSON that cannot be held: %o', (value, path) => {
    expect(() => check('jsonb', value)).toThrow(`at ${path} is none`);
  });

  it('names the column, and never the value', () => {
    expect(() => check('uuid', 'my secret')).toThrow(
      expect.objectContaining({ table: 'thing', column: 'it' }),
    );
    expect(() => check('uuid', 'my secret')).toThrow(/^(?!.*secret).*"thing"\."it" is uuid/);
  });
});

describe('parseValueType', () => {
  it.each([
    ['character varying(20)', { name: 'varchar', length: 20 }],
    ['NUMERIC(10, 2)', { name: 'numeric', precision: 10, scale: 2 }],
    ['decimal(5)', { name: 'numeric', precision: 5, scale: 0 }],
    ['timestamp with time zone', { name: 'timestamptz' }],
    ['timestamptz(3)', { name: 'timestamptz' }],
    ['int8', { name: 'bigint' }],
  ])('reads %s', (text, type) => {
    expect(parseValueType(text)).toEqual(type);
  });

  it.each(['timestamp', 'timestamptz(6)', 'real', 'char(3)', 'money', 'integer(5)', ''])(
    'does not take %s for a type of the contract',
    (text) => {
      expect(parseValueType(text)).toBeUndefined();
    },
  );
});
