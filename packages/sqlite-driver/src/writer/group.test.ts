import { AbortedError } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { CallResult, SqliteThread } from '../thread/sqlite-thread.js';
import { ThreadFlags } from '../thread/thread-flags.js';
import type { Outcome } from '../thread/thread-protocol.js';
import type { CallOutcome } from '../thread/watched-call.js';
import { Group, type GroupWork } from './group.js';

const DROPPED: Outcome = { kind: 'dropped' };
const DONE: Outcome = { kind: 'result', last: undefined, changes: 1, lastInsertId: undefined };

/** The calling side of a thread whose part the test plays. */
function createThread(): {
  readonly flags: ThreadFlags;
  readonly thread: SqliteThread;
  readonly answer: (outcomes: Outcome[]) => void;
} {
  const flags = new ThreadFlags();
  const { promise, resolve } = Promise.withResolvers<CallResult>();
  const nothing = (): void => {};
  const lateJoiners = { open: nothing, expect: nothing, expectNone: nothing, offer: nothing };
  const thread = { flags, lateJoiners, call: () => promise } as unknown as SqliteThread;
  return { flags, thread, answer: (outcomes) => resolve({ kind: 'reply', reply: { outcomes } }) };
}

function createWork(signal: AbortSignal): { readonly work: GroupWork; readonly settled: CallOutcome[] } {
  const settled: CallOutcome[] = [];
  const member = { sql: 'insert into item values (1)', parameters: [] };
  const work: GroupWork = {
    kind: 'group',
    member,
    wait: { signal },
    onPart: () => {},
    settle: (outcome) => settled.push(outcome),
  };
  return { work, settled };
}

describe('a call that is aborted while its COMMIT is under way', () => {
  /** Aborts the call of the second member between claim and unclaim, as when the first was cancelled after it ran. */
  async function abortDuringCommit(last: Outcome): Promise<CallOutcome[]> {
    const { flags, thread, answer } = createThread();
    const first = createWork(new AbortController().signal);
    const abort = new AbortController();
    const second = createWork(abort.signal);
    const waiting = [second.work];
    const group = new Group(
      thread,
      first.work,
      () => waiting.shift(),
      () => {},
    );
    const running = group.run();
    expect(flags.claim(1)).toBe(true);
    abort.abort('enough');
    flags.unclaim(1);
    answer([DONE, last]);
    const result = await running;
    expect(second.settled).toStrictEqual([]);
    group.settle(result);
    return second.settled;
  }

  test('gets its AbortedError when that COMMIT was undone for another call', async () => {
    const [outcome] = await abortDuringCommit(DROPPED);
    expect(outcome?.kind === 'over' && outcome.createError()).toBeInstanceOf(AbortedError);
  });

  test('gets its result when that COMMIT stands', async () => {
    expect(await abortDuringCommit(DONE)).toStrictEqual([DONE]);
  });
});
