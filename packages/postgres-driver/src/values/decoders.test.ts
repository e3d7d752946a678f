import { constants } from 'node:buffer';
import { ValueError } from '@sluice/core';
import { describe, expect, it } from 'vitest';
import { readerOf } from './decoders.js';

const FIELD = {
  name: 'body',
  dataTypeID: 25,
  dataTypeModifier: -1,
  dataTypeSize: -1,
  columnID: 1,
  tableID: 1,
  format: 'text',
};

describe('readerOf', () => {
  it.each(['native', 'portable'] as const)('refuses a text that no string holds, with values: %s', (mode) => {
    const read = readerOf(FIELD, mode);
    expect(() => read(Buffer.alloc(0), 7, 8 + constants.MAX_STRING_LENGTH)).toThrow(ValueError);
    expect(read(Buffer.from('-text-'), 1, 5)).toBe('text');
  });
});
