import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { percentile } from './measure/loop-delay.ts';

/** The machine on which the results were measured. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  /** Median time to append a page to a file and flush it, in the folder of the databases. */
  readonly flushMs: number;
}

export function describeMachine(folder: string): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    flushMs: measureFlush(folder),
  };
}

function measureFlush(folder: string): number {
  const file = join(folder, 'flush');
  const descriptor = openSync(file, 'w');
  const page = Buffer.alloc(4096, 1);
  const times = Array.from({ length: 100 }, () => {
    const since = performance.now();
    writeSync(descriptor, page);
    fdatasyncSync(descriptor);
    return performance.now() - since;
  });
  closeSync(descriptor);
  rmSync(file);
  return percentile(
    times.sort((a, b) => a - b),
    0.5,
  );
}
