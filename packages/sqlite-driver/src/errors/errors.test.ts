import { SluiceError } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { lostError, toError } from './errors.js';
import { type Failure, UNREADABLE } from './failure.js';

function map(code: string | undefined, message = 'm', given: Partial<Failure> = {}): SluiceError {
  const cause = new Error(message);
  const failure: Failure = { code, name: 'SqliteError', message, phase: 'run', ...given };
  const error = toError(failure, 'insert into "media" values (1)', cause);
  expect(error).toBeInstanceOf(SluiceError);
  expect(error.cause).toBe(cause);
  return error as SluiceError;
}

describe('extended result codes', () => {
  test.each([
    ['SQLITE_AUTH', 'path_unusable', false],
    ['SQLITE_BUSY', 'conflict', true],
    ['SQLITE_BUSY_RECOVERY', 'conflict', true],
    ['SQLITE_BUSY_SNAPSHOT', 'conflict', true],
    ['SQLITE_CANTOPEN', 'path_unusable', false],
    ['SQLITE_CANTOPEN_ISDIR', 'path_unusable', false],
    ['SQLITE_CONSTRAINT_CHECK', 'check_violation', false],
    ['SQLITE_CONSTRAINT_DATATYPE', 'invalid_value', false],
    ['SQLITE_CONSTRAINT_FOREIGNKEY', 'foreign_key_violation', false],
    ['SQLITE_CONSTRAINT_NOTNULL', 'not_null_violation', false],
    ['SQLITE_CONSTRAINT_PRIMARYKEY', 'unique_violation', false],
    ['SQLITE_CONSTRAINT_ROWID', 'unique_violation', false],
    ['SQLITE_CONSTRAINT_TRIGGER', 'check_violation', false],
    ['SQLITE_CONSTRAINT_UNIQUE', 'unique_violation', false],
    ['SQLITE_CORRUPT', 'corrupt', false],
    ['SQLITE_CORRUPT_VTAB', 'corrupt', false],
    ['SQLITE_ERROR', 'invalid_query', false],
    ['SQLITE_FULL', 'storage_full', true],
    ['SQLITE_IOERR_FSYNC', 'connection_failed', true],
    ['SQLITE_IOERR_WRITE', 'connection_failed', true],
    ['SQLITE_LOCKED', 'conflict', true],
    ['SQLITE_MISMATCH', 'invalid_value', false],
    ['SQLITE_NOMEM', 'internal', false],
    ['SQLITE_NOTADB', 'not_a_database', false],
    ['SQLITE_PERM', 'path_unusable', false],
    ['SQLITE_PROTOCOL', 'conflict', true],
    ['SQLITE_RANGE', 'invalid_query', false],
    ['SQLITE_READONLY', 'invalid_query', false],
    ['SQLITE_READONLY_DBMOVED', 'file_changed', false],
    ['SQLITE_TOOBIG', 'invalid_value', false],
    ['SQLITE_TOO_OLD', 'runtime_too_old', false],
    ['SQLITE_UNHEARD_OF', 'internal', false],
  ])('%s is %s', (sqlite, code, retryable) => {
    expect(map(sqlite)).toMatchObject({ code, retryable });
  });

  test('a result that cannot be read is a refused value, and no error of the engine', () => {
    const failure = {
      code: UNREADABLE,
      name: 'Error',
      message: 'm',
      phase: 'run',
      details: { columns: ['c'] },
    } as const;
    const error = toError(failure, undefined, new Error('m'));
    expect(error).toMatchObject({ code: 'invalid_value', column: 'c' });
    expect(error.cause).toBeUndefined();
  });

  test('read-only while opening is the path, later on a reader the statement', () => {
    expect(map('SQLITE_READONLY', 'm', { phase: 'open' })).toMatchObject({ code: 'path_unusable' });
  });

  test('a failed write is a full storage when the WAL is as large as the process may make a file', () => {
    const error = map('SQLITE_IOERR_WRITE', 'disk I/O error', { isAtSizeLimit: true });
    expect(error).toMatchObject({ code: 'storage_full', retryable: true });
    expect(error.message).toContain('ulimit -f');
  });

  test('conflicts tell their reason', () => {
    expect(map('SQLITE_BUSY')).toMatchObject({ reason: 'busy' });
    expect(map('SQLITE_BUSY_SNAPSHOT')).toMatchObject({ reason: 'busy_snapshot' });
  });
});

describe('details of constraints', () => {
  test.each([
    [
      'UNIQUE',
      'UNIQUE constraint failed: media.slug, media.kind',
      { table: 'media', columns: ['slug', 'kind'] },
    ],
    [
      'UNIQUE',
      "UNIQUE constraint failed: index 'media_lower'",
      { table: 'media', constraint: 'media_lower' },
    ],
    ['NOTNULL', 'NOT NULL constraint failed: media.slug', { table: 'media', columns: ['slug'] }],
    ['CHECK', 'CHECK constraint failed: positive', { table: 'media', constraint: 'positive' }],
    ['FOREIGNKEY', 'FOREIGN KEY constraint failed', { table: 'media', columns: [] }],
  ])('%s: %s', (kind, message, details) => {
    expect(map(`SQLITE_CONSTRAINT_${kind}`, message)).toMatchObject(details);
  });

  test('a CHECK of a column type is a wrong value', () => {
    const error = map('SQLITE_CONSTRAINT_CHECK', 'CHECK constraint failed: sluice:numeric(10, 2):price');
    expect(error).toMatchObject({ code: 'invalid_value', table: 'media', column: 'price' });
    expect(error.message).toContain('numeric(10, 2)');
  });

  test('what the thread found out goes before what the message tells', () => {
    const details = { table: 'part', columns: ['item_id'], constraint: 'part_item' };
    expect(map('SQLITE_CONSTRAINT_FOREIGNKEY', 'm', { details })).toMatchObject(details);
  });
});

describe('what only the message tells', () => {
  test.each([
    ['no such table: media', 'unknown_table'],
    ['no such column: m.size', 'unknown_column'],
    ['table media has no column named size', 'unknown_column'],
    ['integer overflow', 'invalid_value'],
    ['malformed JSON', 'invalid_value'],
    ['near "selec": syntax error', 'invalid_query'],
  ])('%s', (message, code) => {
    expect(map('SQLITE_ERROR', message, { phase: 'prepare' })).toMatchObject({ code });
  });
});

test('complaints of better-sqlite3 itself are about the statement, those of a thread are internal', () => {
  expect(map(undefined, 'Too few parameter values were provided', { name: 'RangeError' })).toMatchObject({
    code: 'invalid_query',
  });
  expect(map(undefined, 'm', { name: 'Error' })).toMatchObject({ code: 'internal' });
});

test('a lost thread is a lost connection, or unknown when it was committing', () => {
  expect(lostError(false, undefined)).toMatchObject({ code: 'connection_lost', retryable: true });
  expect(lostError(true, undefined)).toMatchObject({ code: 'commit_unknown', retryable: false });
});
