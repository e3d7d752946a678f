import { describe, expect, test } from 'vitest';
import { Suspects } from './suspects.js';

const LATE = { deadline: 1 };

function write(sql: string, isContained = false) {
  return { sql, parameters: [], access: 'write', isContained } as const;
}

describe('a statement that was cut off', () => {
  test('makes all of its kind suspects, whatever their literals are', () => {
    const suspects = new Suspects(true);
    suspects.noteCutOff(`select 'it''s' from item where n < 1.5e3`);
    expect(suspects.wasCutOff(`select 'x' from item where n < 2`)).toBe(true);
    expect(suspects.wasCutOff('select n1 from item where n < 2')).toBe(false);
  });

  test('is no suspect any more when it has returned', () => {
    const suspects = new Suspects(true);
    suspects.noteCutOff('select 1');
    suspects.noteReturned('select 2');
    expect(suspects.wasCutOff('select 1')).toBe(false);
  });

  test('is forgotten when 500 other kinds were cut off since', () => {
    const suspects = new Suspects(true);
    const long = `select ${'a, '.repeat(1000)} a`;
    suspects.noteCutOff(long);
    suspects.noteCutOff('select b');
    for (let kind = 0; kind < 499; kind += 1) suspects.noteCutOff(`select c${kind}`);
    expect(suspects.wasCutOff(long)).toBe(false);
    expect(suspects.wasCutOff('select b')).toBe(true);
  });

  test('is no suspect when no process may be started', () => {
    const suspects = new Suspects(false);
    suspects.noteCutOff('select 1');
    expect(suspects.wasCutOff('select 1')).toBe(false);
    expect(suspects.isSuspectWrite(write('insert into item select 1'), LATE)).toBe(false);
  });
});

describe('a write', () => {
  const copy = write('insert into item select * from other where n = 1');
  const recursive = write('insert into item with c as (select 1) select * from c');

  test('is a suspect when it has a query and a deadline', () => {
    const suspects = new Suspects(true);
    expect(suspects.isSuspectWrite(copy, LATE)).toBe(true);
    expect(suspects.isSuspectWrite(copy, { signal: new AbortController().signal })).toBe(true);
    expect(suspects.isSuspectWrite(copy, {})).toBe(false);
    expect(suspects.isSuspectWrite(write('insert into item values (1)'), LATE)).toBe(false);
    expect(suspects.isSuspectWrite(write('create view v as select 1'), LATE)).toBe(false);
  });

  test('of a repository is a suspect only after it was cut off', () => {
    const suspects = new Suspects(true);
    const own = write(copy.sql, true);
    expect(suspects.isSuspectWrite(own, LATE)).toBe(false);
    suspects.noteCutOff(own.sql);
    expect(suspects.isSuspectWrite(own, LATE)).toBe(true);
  });

  test('is none any more when one of its kind has ended soon, until one is cut off', () => {
    const suspects = new Suspects(true);
    suspects.noteEnded(copy.sql, 150);
    expect(suspects.isSuspectWrite(copy, LATE)).toBe(true);
    suspects.noteEnded(copy.sql, 5);
    expect(suspects.isSuspectWrite(write(copy.sql.replace('1', '2')), LATE)).toBe(false);
    suspects.noteCutOff(copy.sql);
    expect(suspects.isSuspectWrite(copy, LATE)).toBe(true);
  });

  test('with a common table expression stays one', () => {
    const suspects = new Suspects(true);
    suspects.noteEnded(recursive.sql, 5);
    expect(suspects.isSuspectWrite(recursive, LATE)).toBe(true);
  });
});
