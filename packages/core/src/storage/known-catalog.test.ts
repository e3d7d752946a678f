import { describe, expect, it } from 'vitest';
import type { Catalog, CatalogTable } from '../catalog/catalog.js';
import { KnownCatalog } from './known-catalog.js';

const table = (name: string): CatalogTable => ({
  name,
  isView: false,
  columns: new Map(),
  primaryKey: [],
  uniqueKeys: [],
});

/** The schema of a database, what is known of it, and how often it was asked. */
class Schema {
  tables: Catalog = new Map();
  asked = 0;
  readonly known = new KnownCatalog({
    catalog: async () => {
      this.asked += 1;
      return new Map(this.tables);
    },
  });
}

const again = (known: KnownCatalog): { answeredBy: Catalog; isProven: boolean } => ({
  answeredBy: known.tables,
  isProven: false,
});

describe('KnownCatalog', () => {
  it('asks again about what is not known, and then knows it', async () => {
    const state = new Schema();
    state.tables = new Map([['a', table('a')]]);
    await state.known.ask('a', again(state.known));
    expect([...state.known.tables.keys()]).toEqual(['a']);
  });

  it('asks about what is denied, however recently it has asked', async () => {
    const state = new Schema();
    await state.known.ask('a', again(state.known));
    state.tables = new Map([['a', table('a')]]);
    await state.known.ask('a', { ...again(state.known), isDenial: true });
    expect([...state.known.tables.keys()]).toEqual(['a']);
  });

  it('does not ask about a misspelt name for every call that the engine answers', async () => {
    const state = new Schema();
    const since = performance.now();
    for (let calls = 0; calls < 10_000; calls += 1) await state.known.ask('misspelt', again(state.known));
    expect(state.asked).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - since) / 100));
  });

  it('asks once for callers that ask at the same time', async () => {
    const state = new Schema();
    await Promise.all(Array.from({ length: 50 }, () => state.known.ask('a', again(state.known))));
    expect(state.asked).toBe(1);
  });

  it('asks at once what the driver says has changed, and keeps the tables that have not', async () => {
    const state = new Schema();
    state.tables = new Map([['a', table('a')]]);
    await state.known.read();
    const before = state.known.tables;
    state.tables = new Map([
      ['a', table('a')],
      ['b', table('b')],
    ]);
    await state.known.ask('b', { answeredBy: before, isProven: true });
    expect([...state.known.tables.keys()]).toEqual(['a', 'b']);
    expect(state.known.tables.get('a')).toBe(before.get('a'));
  });

  it('does not ask when the catalog has been read since the answer', async () => {
    const state = new Schema();
    const before = state.known.tables;
    await state.known.read();
    await state.known.ask('a', { answeredBy: before, isProven: true });
    expect(state.asked).toBe(1);
  });

  it('asks again after a transaction in which it was read, which may be rolled back', async () => {
    const state = new Schema();
    const within = { execute: async () => ({ rows: [], affectedRows: 0 }) };
    await state.known.ask('a', { ...again(state.known), within });
    expect(state.known.isDoubted).toBe(false);
    state.known.transactionEnded();
    expect(state.known.isDoubted).toBe(true);
    await state.known.ask('a', again(state.known));
    expect([state.known.isDoubted, state.asked]).toEqual([false, 2]);
  });

  it('is doubted until the check has ended, for every caller', async () => {
    const state = new Schema();
    state.known.doubt();
    const check = state.known.ask('a', again(state.known));
    expect(state.known.isDoubted).toBe(true);
    await check;
    expect(state.known.isDoubted).toBe(false);
  });

  it('is still doubted when the schema may have changed during the check', async () => {
    const state = new Schema();
    state.known.doubt();
    const check = state.known.ask('a', again(state.known));
    state.known.doubt();
    await check;
    expect(state.known.isDoubted).toBe(true);
  });
});
