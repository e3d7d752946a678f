import { describe, expect, it } from 'vitest';
import { jsonbText } from './jsonb-text.js';

describe('jsonbText', () => {
  // What PostgreSQL answers to select '…'::jsonb.
  it.each([
    ['{"bb":1,"a":2,"a":3}', '{"a": 3, "bb": 1}'],
    ['[1,2.50,1e2,-0,1.5E-3, true,null]', '[1, 2.50, 100, 0, 0.0015, true, null]'],
    [' { } ', '{}'],
    ['[[],{"x":[]}]', '[[], {"x": []}]'],
    ['"\\u00e4\\/\\n"', '"ä/\\n"'],
    ['12345678901234567890.123456789', '12345678901234567890.123456789'],
  ])('writes %s as %s', (text, expected) => {
    expect(jsonbText(text)).toBe(expected);
  });
});
