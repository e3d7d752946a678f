import { expect, test } from 'vitest';
import { jsonbText } from './jsonb-text.js';

test('a JSON value is written as PostgreSQL writes jsonb', () => {
  expect(jsonbText({ bb: 1, a: [true, null, 'é"\n'], c: {} })).toBe(
    '{"a": [true, null, "é\\"\\n"], "c": {}, "bb": 1}',
  );
  expect(jsonbText([1e21, 1.5e-7, -2.25e22, 100, 0.1])).toBe(
    '[1000000000000000000000, 0.00000015, -22500000000000000000000, 100, 0.1]',
  );
  expect(jsonbText('x')).toBe('"x"');
});
