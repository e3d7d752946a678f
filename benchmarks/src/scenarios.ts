import type { Engine } from './contender.ts';
import type { Scenario } from './scenario.ts';
import { bytesWritten } from './scenarios/bytes-written.ts';
import { hotCounter } from './scenarios/hot-counter.ts';
import { insert, insertOnSlowDisk, insertWithDuplicates } from './scenarios/insert.ts';
import { insertMany } from './scenarios/insert-many.ts';
import { list } from './scenarios/list.ts';
import { memory } from './scenarios/memory.ts';
import { mixedWithScan } from './scenarios/mixed-with-scan.ts';
import { openTime } from './scenarios/open-time.ts';
import { processes } from './scenarios/processes.ts';
import { readByKey } from './scenarios/read-by-key.ts';
import { stream } from './scenarios/stream.ts';
import { batch, transaction } from './scenarios/transactions.ts';

/** All scenarios, in the order in which they run. The last argument of most is the ratio to the reference that is required of Sluice. */
export const SCENARIOS: readonly Scenario[] = [
  readByKey('sqlite', 1, 0.8),
  readByKey('sqlite', 64, 0.85),
  readByKey('sqlite', 512, 1),
  list('sqlite', 50, 0.85),
  list('sqlite', 1000, 0.75),
  insert('sqlite', 1, 'normal', 0.5),
  insert('sqlite', 64, 'normal', 2),
  insert('sqlite', 512, 'normal', 2.5),
  insert('sqlite', 1, 'full', 0.75),
  insert('sqlite', 64, 'full', 6),
  insert('sqlite', 512, 'full', 10),
  insertOnSlowDisk(64, 5, 40),
  batch('sqlite', 3),
  transaction('sqlite', 'serializable', 1.3),
  insertMany('sqlite', 0.85),
  mixedWithScan(1.2),
  processes(4),
  processes(8),
  bytesWritten('delete', 1),
  bytesWritten('wal', 1),
  bytesWritten('wal', 64),
  openTime('sqlite'),
  memory('sqlite'),

  readByKey('postgres', 1, 1.2),
  readByKey('postgres', 64, 5),
  readByKey('postgres', 512, 9),
  list('postgres', 50, 1.1),
  list('postgres', 1000, 1),
  insert('postgres', 1, 'full', undefined),
  insert('postgres', 64, 'full', 5),
  insert('postgres', 512, 'full', 9),
  insertWithDuplicates('postgres', 64, 2.4),
  insertMany('postgres', 1.9),
  transaction('postgres', 'read committed', 1.25),
  transaction('postgres', 'serializable', 6),
  hotCounter(3),
  stream(3),
  openTime('postgres'),
  memory('postgres'),
];

/**
 * Returns the scenarios of an engine whose names begin with one of `names`, or all without names. @throws Error for a name that matches
 * none.
 */
export function scenariosOf(engine: Engine, names: readonly string[]): Scenario[] {
  const all = SCENARIOS.filter((scenario) => scenario.engine === engine);
  const unknown = names.find((name) => !all.some((scenario) => scenario.name.startsWith(name)));
  if (unknown !== undefined) {
    throw new Error(
      `There is no scenario "${unknown}" for ${engine}. There are: ${all.map(({ name }) => name).join(', ')}.`,
    );
  }
  return all.filter(({ name }) => names.length === 0 || names.some((given) => name.startsWith(given)));
}
