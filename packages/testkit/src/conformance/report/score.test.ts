import type { Capabilities } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { drawBadge } from './badge.js';
import { describeScore } from './describe-score.js';
import { type ScoredTask, scoreOf } from './score.js';

const capabilities: Capabilities = {
  concurrentReaders: true,
  concurrentWriters: false,
  sharedBetweenProcesses: true,
  durable: true,
  onlineBackup: false,
  watchesChanges: false,
  interruptsRunning: true,
  weakerIsolation: false,
  maxParameters: 100,
};

const oneCase = (name: string, state?: 'fail' | 'pass'): ScoredTask => ({
  type: 'test',
  name,
  mode: state === undefined ? 'skip' : 'run',
  ...(state === undefined ? {} : { result: { state } }),
});

const suiteOf = (name: string, ...tasks: ScoredTask[]): ScoredTask => ({
  type: 'suite',
  name,
  mode: 'run',
  tasks,
});

const everyNumber = Array.from({ length: 14 }, (_, index) => oneCase(`C${index + 1} holds`, 'pass'));

describe('the score', () => {
  test('counts cases by the number in their name, wherever they stand', () => {
    const suite = suiteOf(
      'all',
      suiteOf('C5 durability', oneCase('C3 a', 'fail'), oneCase('C5 b', 'pass')),
      ...everyNumber,
    );
    const score = scoreOf('mine', capabilities, suite);
    expect(score.numbers.C3).toEqual({ title: 'transactions', passed: 1, failed: 1, notRun: 0 });
    expect(score.numbers.C5).toMatchObject({ passed: 2, failed: 0 });
    expect(score.kept).not.toContain('C3');
    expect(score.failures).toEqual(['C3 a']);
  });

  test('a hook that failed spoils the number of its suite', () => {
    const suite = {
      ...suiteOf('C12 life cycle', oneCase('C12 a', 'pass')),
      result: { state: 'fail', errors: [new Error('x')] },
    };
    const score = scoreOf('mine', capabilities, suiteOf('all', suite, ...everyNumber));
    expect(score.numbers.C12).toMatchObject({ failed: 1 });
  });

  test('a run of which a case was left out is not complete', () => {
    expect(scoreOf('mine', capabilities, suiteOf('all', ...everyNumber)).isComplete).toBe(true);
    const part = scoreOf('mine', capabilities, suiteOf('all', oneCase('C1 left out'), ...everyNumber));
    expect([part.isComplete, part.kept.includes('C1')]).toEqual([false, false]);
    expect(describeScore(part, undefined)).toContain('certifies nothing');
  });

  test('a number without a case is not kept', () => {
    const score = scoreOf('mine', capabilities, suiteOf('all', ...everyNumber.slice(1)));
    expect([score.isComplete, score.kept.length]).toEqual([false, 13]);
  });

  test('a case without a number is a mistake in the suite', () => {
    expect(() => scoreOf('mine', capabilities, suiteOf('all', oneCase('holds', 'pass')))).toThrow(
      'names no number',
    );
  });

  test('names what is absent', () => {
    const score = scoreOf('mine', capabilities, suiteOf('all', ...everyNumber));
    expect(describeScore(score, undefined).split('\n')).toEqual([
      'conformance of mine: 14/14 numbers of the contract kept; absent as declared: concurrentWriters, onlineBackup, watchesChanges, weakerIsolation',
      expect.stringMatching(/^ {2}C1 1\/1 {2}C2 1\/1 /),
    ]);
  });
});

test('a badge escapes what it shows', () => {
  expect(drawBadge('a<b', '"x" & y', true)).toContain('&#34;x&#34; &#38; y');
});
