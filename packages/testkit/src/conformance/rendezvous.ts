import type { Capabilities } from '@sluice/core';

/** A promise and what settles it. */
export type Gate = PromiseWithResolvers<void>;

/** A gate that is closed until `resolve` is called. */
export function createGate(): Gate {
  return Promise.withResolvers<void>();
}

/**
 * A point that `count` transactions must reach before any goes on, so that they overlap for certain; whoever comes later, in a replay, passes.
 * Where only one write transaction runs at a time nobody waits: the second would never come.
 */
export function createRendezvous({ concurrentWriters }: Capabilities, count: number): () => Promise<void> {
  const everyone = createGate();
  let arrived = 0;
  return async () => {
    arrived += 1;
    if (arrived >= count || !concurrentWriters) everyone.resolve();
    await everyone.promise;
  };
}

/** Lets everything that is ready run, several turns of the event loop. */
export async function passTurns(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until `condition` holds; fails after five seconds, naming what was waited for. */
export async function waitUntil(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`This did not come about within 5 s: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
