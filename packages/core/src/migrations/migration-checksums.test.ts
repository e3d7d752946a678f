import { describe, expect, it } from 'vitest';
import { checksumOf } from './migration-checksums.js';

const body = (source: string): (() => Promise<void>) => new Function(`return ${source}`)();

describe('checksumOf', () => {
  it('does not change with white space, semicolons, commas and quotes', () => {
    const source = body(`async (db) => {\n  await db.create("a", { b: 1, });\n}`);
    const compiled = body(`async (db) => { await db.create('a', { b: 1 }) }`);
    expect(checksumOf({ up: source })).toBe(checksumOf({ up: compiled }));
  });

  it('changes with what up or down does', () => {
    const up = body(`async (db) => db.create('a')`);
    const other = body(`async (db) => db.create('b')`);
    expect(checksumOf({ up })).not.toBe(checksumOf({ up: other }));
    expect(checksumOf({ up })).not.toBe(checksumOf({ up, down: up }));
  });
});
