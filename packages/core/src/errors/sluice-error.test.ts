import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from './sluice-error.js';

describe('the reference of errors', () => {
  it('C11 has one heading for each code, and none besides', () => {
    const reference = readFileSync(new URL('../../../../docs/reference/errors.md', import.meta.url), 'utf8');
    const headings = [...reference.matchAll(/^### `(.+)`$/gm)].map(([, code]) => code);
    expect(headings.toSorted()).toEqual([...ERROR_CODES].toSorted());
  });
});
