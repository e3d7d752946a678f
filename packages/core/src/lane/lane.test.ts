import { describe, expect, it } from 'vitest';
import { ClosedError, OverloadedError } from '../errors/flow-errors.js';
import { Lane } from './lane.js';

describe('Lane', () => {
  it('lets no more through than it has permits, and the next as soon as one is released', async () => {
    const lane = new Lane({ name: 'the writer', permits: 2, queueLimit: 10 });
    const [first, second] = await Promise.all([lane.acquire(), lane.acquire()]);
    let isThrough = false;
    const third = lane.acquire().then((lease) => {
      isThrough = true;
      return lease;
    });
    await Promise.resolve();
    expect(isThrough).toBe(false);
    expect(lane.metrics()).toMatchObject({ held: 2, queued: { high: 0, normal: 1, low: 0 } });
    first.release();
    (await third).release();
    second.release();
    expect(lane.metrics()).toMatchObject({ held: 0, holds: { count: 3 }, waits: { count: 3 } });
  });

  it('says whether a caller would wait', async () => {
    const lane = new Lane({ name: 'the writer', permits: 1, queueLimit: 10 });
    expect([lane.isFree, lane.held]).toEqual([true, 0]);
    const lease = await lane.acquire();
    expect([lane.isFree, lane.held]).toEqual([false, 1]);
    lease.release();
    expect(lane.isFree).toBe(true);
  });

  it('counts a release once', async () => {
    const lane = new Lane({ name: 'the writer', permits: 1, queueLimit: 10 });
    const lease = await lane.acquire();
    lease.release();
    lease.release();
    expect(lane.metrics().held).toBe(0);
  });

  it('rejects, and counts, a caller beyond the limit', async () => {
    const lane = new Lane({ name: 'the writer', permits: 1, queueLimit: 0 });
    await expect(lane.acquire()).rejects.toThrow(OverloadedError);
    expect(lane.metrics().failures).toBe(1);
  });

  it('finishes what it accepted and refuses what comes after close', async () => {
    const lane = new Lane({ name: 'the writer', permits: 1, queueLimit: 10 });
    const first = await lane.acquire();
    const waiting = lane.acquire();
    const closed = lane.close();
    await expect(lane.acquire()).rejects.toThrow(ClosedError);
    first.release();
    (await waiting).release();
    await closed;
  });
});
