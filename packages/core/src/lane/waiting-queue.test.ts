import { describe, expect, it } from 'vitest';
import { AbortedError, OverloadedError, TimeoutError } from '../errors/flow-errors.js';
import { WaitingQueue } from './waiting-queue.js';

const never = (): void => {
  throw new Error('The item was dropped.');
};

function drain<T>(queue: WaitingQueue<T>): T[] {
  const items: T[] = [];
  for (let next = queue.dequeue(); next !== undefined; next = queue.dequeue()) items.push(next.item);
  return items;
}

describe('WaitingQueue', () => {
  it('serves the more urgent priority first, and first come first served within one', () => {
    const queue = new WaitingQueue<string>({ name: 'the writer', limit: 10 });
    queue.enqueue('low', { priority: 'low' }, never);
    queue.enqueue('normal 1', {}, never);
    queue.enqueue('high', { priority: 'high' }, never);
    queue.enqueue('normal 2', { priority: 'normal' }, never);
    expect(queue.depth('normal')).toBe(2);
    expect(drain(queue)).toEqual(['high', 'normal 1', 'normal 2', 'low']);
    expect(queue.size).toBe(0);
  });

  it('serves an item that has aged before fresher ones of a higher priority', () => {
    const queue = new WaitingQueue<string>({ name: 'the writer', limit: 10, ageingMs: 0 });
    queue.enqueue('low', { priority: 'low' }, never);
    const since = performance.now();
    while (performance.now() - since < 1);
    queue.enqueue('high', { priority: 'high' }, never);
    expect(drain(queue)).toEqual(['low', 'high']);
  });

  it('refuses one more than its limit with a retryable error', () => {
    const queue = new WaitingQueue<number>({ name: 'the writer', limit: 1 });
    queue.enqueue(1, {}, never);
    expect(() => queue.enqueue(2, {}, never)).toThrow(OverloadedError);
    expect(() => queue.enqueue(2, {}, never)).toThrow(expect.objectContaining({ retryable: true }));
    expect(drain(queue)).toEqual([1]);
  });

  it('drops an item when its signal is aborted, with the reason as cause', () => {
    const queue = new WaitingQueue<number>({ name: 'the writer', limit: 10 });
    const controller = new AbortController();
    const dropped: unknown[] = [];
    queue.enqueue(1, { signal: controller.signal }, (error) => dropped.push(error));
    queue.enqueue(2, {}, never);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(dropped).toEqual([expect.any(AbortedError)]);
    expect(dropped[0]).toHaveProperty('cause', reason);
    expect(drain(queue)).toEqual([2]);
  });

  it('refuses an item whose signal is aborted or whose deadline is past already', () => {
    const queue = new WaitingQueue<number>({ name: 'the writer', limit: 10 });
    expect(() => queue.enqueue(1, { signal: AbortSignal.abort() }, never)).toThrow(AbortedError);
    expect(() => queue.enqueue(1, { deadline: performance.now() - 1 }, never)).toThrow(TimeoutError);
    expect(queue.size).toBe(0);
  });

  it('drops each item at its own deadline', async () => {
    const queue = new WaitingQueue<string>({ name: 'the writer', limit: 10 });
    const order: string[] = [];
    const dropped = Promise.withResolvers<void>();
    const now = performance.now();
    queue.enqueue('later', { deadline: now + 40 }, () => dropped.resolve());
    queue.enqueue('sooner', { deadline: now + 10 }, (error) => order.push(`sooner: ${error.code}`));
    queue.enqueue('patient', { deadline: Number.POSITIVE_INFINITY }, never);
    await dropped.promise;
    expect(order).toEqual(['sooner: timeout']);
    expect(drain(queue)).toEqual(['patient']);
  });

  it('drops everything at once when told to', () => {
    const queue = new WaitingQueue<number>({ name: 'the writer', limit: 10 });
    const dropped: unknown[] = [];
    for (const priority of ['high', 'low'] as const)
      queue.enqueue(1, { priority }, (error) => dropped.push(error));
    queue.dropAll(new TimeoutError('over'));
    expect(dropped).toHaveLength(2);
    expect(queue.size).toBe(0);
  });
});
