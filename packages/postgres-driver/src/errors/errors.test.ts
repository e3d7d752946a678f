import { SluiceError } from '@sluice/core';
import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { endpoint, toSluiceError } from './errors.js';

function serverError(code: string): DatabaseError {
  const error = new DatabaseError('the message, with a secret value', 1, 'error');
  error.code = code;
  return error;
}

test.each([
  ['08006', 'connection_lost', true],
  ['08007', 'commit_unknown', false],
  ['08P01', 'connection_lost', true],
  ['0A000', 'unsupported', false],
  ['21000', 'invalid_query', false],
  ['22001', 'invalid_value', false],
  ['22003', 'invalid_value', false],
  ['22008', 'invalid_value', false],
  ['22012', 'invalid_query', false],
  ['22021', 'invalid_value', false],
  ['22P02', 'invalid_value', false],
  ['22P05', 'invalid_value', false],
  ['23001', 'foreign_key_violation', false],
  ['23502', 'not_null_violation', false],
  ['23503', 'foreign_key_violation', false],
  ['23505', 'unique_violation', false],
  ['23514', 'check_violation', false],
  ['44000', 'check_violation', false],
  ['23P01', 'unique_violation', false],
  ['25006', 'invalid_query', false],
  ['25P02', 'transaction_broken', false],
  ['25P03', 'connection_lost', true],
  ['28000', 'authentication_failed', false],
  ['28P01', 'authentication_failed', false],
  ['3D000', 'invalid_configuration', false],
  ['40001', 'conflict', true],
  ['40003', 'commit_unknown', false],
  ['40P01', 'conflict', true],
  ['42501', 'invalid_configuration', false],
  ['42601', 'invalid_query', false],
  ['42703', 'unknown_column', false],
  ['42883', 'invalid_query', false],
  ['42P01', 'unknown_table', false],
  ['53100', 'storage_full', true],
  ['53200', 'overloaded', true],
  ['53300', 'overloaded', true],
  ['54001', 'unsupported', false],
  ['55P03', 'conflict', true],
  ['57014', 'timeout', true],
  ['57P01', 'connection_lost', true],
  ['57P02', 'connection_lost', true],
  ['57P03', 'connection_failed', true],
  ['58030', 'internal', false],
  ['P0001', 'check_violation', false],
  ['XX000', 'internal', false],
  ['XX001', 'corrupt', false],
  ['99999', 'invalid_query', false],
])('maps %s to %s', (state, code, retryable) => {
  const cause = serverError(state);
  const error = toSluiceError(cause, { operation: 'media.insert' });
  expect(error).toMatchObject({ code, retryable, operation: 'media.insert' });
  expect(error.cause).toBe(cause);
});

test('tells a message only where it names no value', () => {
  for (const state of ['22P02', '22001', '23505', '42601', 'XX000']) {
    expect(toSluiceError(serverError(state)).message).not.toContain('secret');
  }
  expect(toSluiceError(serverError('42P01')).message).toContain('secret');
});

test('tells a value that is too long for an index by the index, or by what refused it, and not by the message', () => {
  const named = serverError('54000');
  Object.assign(named, { table: 'kv', constraint: 'kv_pkey' });
  expect(toSluiceError(named, { place: { columns: ['key'] } })).toMatchObject({
    code: 'invalid_value',
    table: 'kv',
    column: 'key',
    message: expect.stringContaining('the index "kv_pkey" of "kv" (key)'),
  });
  const unnamed = serverError('54000');
  unnamed.routine = 'index_form_tuple_context';
  expect(toSluiceError(unnamed)).toMatchObject({
    code: 'invalid_value',
    table: undefined,
    column: undefined,
  });
  const other = serverError('54000');
  other.routine = 'RelationGetBufferForTuple';
  expect(toSluiceError(other)).toMatchObject({ code: 'unsupported' });
});

test('lets a Sluice error pass and wraps one that has no SQLSTATE', () => {
  const passed = toSluiceError(serverError('23505'));
  expect(toSluiceError(passed)).toBe(passed);
  const wrapped = toSluiceError(new TypeError('x'));
  expect(wrapped).toBeInstanceOf(SluiceError);
  expect(wrapped.code).toBe('internal');
});

test('takes table, constraint and column from the fields of the error', () => {
  const cause = serverError('23505');
  cause.table = 'media';
  cause.constraint = 'media_slug_key';
  expect(toSluiceError(cause, { place: { columns: ['slug'] } })).toMatchObject({
    table: 'media',
    constraint: 'media_slug_key',
    columns: ['slug'],
  });
  const missing = serverError('23502');
  missing.table = 'media';
  missing.column = 'size';
  expect(toSluiceError(missing)).toMatchObject({ table: 'media', columns: ['size'], constraint: undefined });
});

test('writes an IPv6 address in brackets', () => {
  expect(endpoint({ host: '::1', port: 5432 })).toBe('[::1]:5432');
});
