import { describe, expect, it } from 'vitest';
import { AbortedError, ConflictError, ConnectionError, TimeoutError } from '../errors/flow-errors.js';
import { replay } from './replay.js';

const conflict = new ConflictError('serialization', 'another one won');

function failing(times: number, error: unknown): () => Promise<string> {
  let left = times;
  return async () => {
    if (left === 0) return 'done';
    left -= 1;
    throw error;
  };
}

describe('replay', () => {
  it('runs once when nothing goes wrong', async () => {
    const replays: unknown[] = [];
    await expect(replay(failing(0, conflict), {}, (event) => replays.push(event))).resolves.toBe('done');
    expect(replays).toEqual([]);
  });

  it('runs again after a conflict and after a lost connection, and tells of each', async () => {
    const reasons: unknown[] = [];
    const lost = new ConnectionError('connection_lost', 'gone');
    await expect(replay(failing(3, conflict), {}, ({ reason }) => reasons.push(reason))).resolves.toBe(
      'done',
    );
    await expect(replay(failing(1, lost), {}, ({ reason }) => reasons.push(reason))).resolves.toBe('done');
    expect(reasons).toEqual(['serialization', 'serialization', 'serialization', 'connection_lost']);
  });

  it('leaves those who waited behind it time after a lock timeout of its own, and more each time', async () => {
    const timeout = new ConflictError('lock_timeout', 'not free');
    const delays: number[] = [];
    const options = { lockTimeoutMs: 4 };
    await replay(failing(3, timeout), options, ({ delayMs }) => delays.push(delayMs));
    for (const [index, delayMs] of delays.entries()) expect(delayMs).toBeGreaterThanOrEqual(2 * 2 ** index);
    expect(delays).toHaveLength(3);
  });

  it('passes any other error on at once', async () => {
    const other = new ConnectionError('authentication_failed', 'no');
    const none = (): void => expect.unreachable();
    await expect(replay(failing(1, other), {}, none)).rejects.toBe(other);
    await expect(replay(failing(1, new Error('mine')), {}, none)).rejects.toThrow('mine');
  });

  it('ends at the deadline in a TimeoutError with the conflict as cause', async () => {
    const ending = replay(failing(1e9, conflict), { deadline: performance.now() + 20 }, () => {});
    await expect(ending).rejects.toThrow(TimeoutError);
    await expect(ending).rejects.toHaveProperty('cause', conflict);
  });

  it('ends when the signal is aborted during a pause', async () => {
    const controller = new AbortController();
    const ending = replay(failing(1e9, conflict), { signal: controller.signal }, ({ attempt }) => {
      if (attempt === 3) controller.abort();
    });
    await expect(ending).rejects.toThrow(AbortedError);
  });
});
