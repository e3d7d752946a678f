import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { type FailedCommand, isOfPooler, outcomeOf } from './proofs.js';

const LOST: FailedCommand = {
  isLost: true,
  isCompleted: false,
  isInTransaction: false,
  isSimple: false,
  mayCommit: false,
  isCommit: false,
};
const KEPT: FailedCommand = { ...LOST, isLost: false };

function errorOf(code: string, fields: Partial<DatabaseError>): DatabaseError {
  return Object.assign(new DatabaseError('a message', 1, 'error'), { severity: 'ERROR', code, ...fields });
}

const fromServer = (code: string): DatabaseError =>
  errorOf(code, { file: 'postgres.c', line: '3317', routine: 'ProcessInterrupts' });
const fromPooler = (code: string): DatabaseError => errorOf(code, { severity: 'FATAL' });

test.each(['57P01', '57P02', '57P03', '57P04', '57P05', '25P03', '25P04'])(
  'the server that ends the session with %s has committed nothing',
  (code) => {
    expect(outcomeOf(fromServer(code), LOST)).toBe('rolled back');
    expect(outcomeOf(fromServer(code), { ...LOST, isCompleted: true })).toBe('unknown');
    expect(outcomeOf(fromServer(code), { ...LOST, isSimple: true })).toBe('unknown');
    expect(outcomeOf(fromServer(code), { ...LOST, mayCommit: true })).toBe('unknown');
    expect(outcomeOf(fromPooler(code), LOST)).toBe('unknown');
  },
);

test.each(['08P01', '08006', '53300', '57014', '58000', 'XX000', '40003'])(
  '%s proves nothing when the connection ends with it, whoever says it',
  (code) => {
    expect(outcomeOf(fromServer(code), LOST)).toBe('unknown');
    expect(outcomeOf(fromPooler(code), LOST)).toBe('unknown');
  },
);

test.each(['40001', '40P01', '23505', '22003', '42P01', '57014', '55P03', '53100'])(
  'the server that refuses with %s and goes on has rolled back, but for what the statement committed itself',
  (code) => {
    expect(outcomeOf(fromServer(code), KEPT)).toBe('rolled back');
    expect(outcomeOf(fromServer(code), { ...KEPT, isCompleted: true })).toBe('rolled back');
    expect(outcomeOf(fromServer(code), { ...KEPT, mayCommit: true })).toBe('in part');
    expect(outcomeOf(fromServer(code), { ...KEPT, mayCommit: true, isCommit: true })).toBe('rolled back');
  },
);

test.each(['08001', '08006', '40003'])('%s proves nothing, though the server goes on', (code) => {
  expect(outcomeOf(fromServer(code), KEPT)).toBe('unknown');
});

test('a network that ends proves nothing', () => {
  expect(outcomeOf(new Error('read ECONNRESET'), LOST)).toBe('unknown');
});

test.each([fromServer('08P01'), fromPooler('08P01'), fromServer('40003'), new Error('read ECONNRESET')])(
  'nothing is committed by %o before the COMMIT of its transaction was sent',
  (error) => {
    for (const end of [LOST, KEPT]) {
      expect(outcomeOf(error, { ...end, isInTransaction: true })).toBe('rolled back');
      expect(outcomeOf(error, { ...end, isInTransaction: true, isCompleted: true })).toBe('rolled back');
    }
    expect(outcomeOf(error, { ...LOST, isInTransaction: true, isSimple: true })).toBe('unknown');
  },
);

test.each([
  [fromPooler('08P01'), true],
  [fromPooler('57P01'), true],
  [errorOf('58000', {}), true],
  [errorOf('57014', {}), true],
  [errorOf('', {}), true],
  [errorOf('57P01', { file: 'postgres.c' }), true],
  [errorOf('23505', {}), false],
  [errorOf('40001', {}), false],
  [fromServer('08P01'), false],
  [fromServer('57014'), false],
  [new Error('read ECONNRESET'), false],
])('knows the error of a pooler: %o', (error, expected) => {
  expect(isOfPooler(error)).toBe(expected);
});
