// Runs random programs on both drivers and on the model, and random queries on both drivers, for a given time:
// npm run soak -- --minutes 60 [--seed N]. Build the packages first. It stops at the first difference and prints the seed and the shortest
// program or query.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStorage } from '../packages/core/dist/index.js';
import { postgres } from '../packages/postgres-driver/dist/index.js';
import { sqlite } from '../packages/sqlite-driver/dist/index.js';
import { checkModel } from '../packages/testkit/dist/model/check-model.js';
import { startPostgresServer } from '../packages/testkit/dist/postgres-server/index.js';
import { checkQueries } from '../packages/testkit/dist/queries/check-queries.js';

const SLICE_MS = 30_000;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
const firstSeed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(firstSeed)) {
  console.error('Usage: npm run soak -- --minutes N [--seed N]');
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-soak-'));
const server = await startPostgresServer();
console.log(server.description);
try {
  process.exitCode = (await soak()) ? 0 : 1;
} finally {
  await server.stop();
  await rm(folder, { recursive: true });
}

/** Returns whether no difference was found. Each round has a slice of programs for each driver, and one of queries. */
async function soak() {
  const drivers = [
    ['sqlite', sqlite(), (seed) => `sqlite:${join(folder, `${seed}.db`)}`],
    ['postgres', postgres(), () => server.createDatabase()],
  ];
  const slices = [
    ...drivers.map(([name, driver, place]) => [name, (seed, ms) => programs(driver, place, seed, ms)]),
    ['queries', queries],
  ];
  const until = performance.now() + minutes * 60_000;
  const sums = new Map(slices.map(([name]) => [name, { done: 0, ms: 0 }]));
  for (let seed = firstSeed; performance.now() < until; seed += 1) {
    for (const [name, run] of slices) {
      const since = performance.now();
      const { difference, done, what } = await run(seed, Math.max(1000, Math.min(SLICE_MS, until - since)));
      if (difference !== undefined) {
        console.log(`${name}: a difference; npm run soak -- --seed ${seed} finds it again\n${difference}`);
        return false;
      }
      const sum = sums.get(name);
      sum.done += done;
      sum.ms += performance.now() - since;
      console.log(`${name}: ${sum.done} ${what}, ${(sum.done / (sum.ms / 1000)).toFixed(1)}/s, seed ${seed}`);
    }
  }
  return true;
}

/** Programs on one driver and on the model. */
async function programs(driver, place, seed, timeLimitMs) {
  // Each run uses a new database, because PostgreSQL counts dropped columns, and a table may have only 1,600 columns in its life.
  const url = await place(seed);
  const open = ({ migrations }) =>
    openStorage({ url, drivers: [driver], migrations, backupBeforeMigrating: false });
  const checked = await checkModel(open, { seed, programs: 1_000_000, timeLimitMs });
  return { difference: checked.difference, done: checked.programs, what: 'programs' };
}

/** Queries on SQLite, with PostgreSQL's answers. */
async function queries(seed, timeLimitMs) {
  await using subject = await openStorage({ url: 'sqlite::memory:', drivers: [sqlite()] });
  await using judge = await openStorage({ url: await server.createDatabase(), drivers: [postgres()] });
  const checked = await checkQueries({ subject, judge, seed, queries: 1_000_000, timeLimitMs });
  const refusals = Object.entries(checked.refused).map(([code, count]) => `${count} ${code}`);
  const what = `queries (in this round ${checked.same} the same, refused on SQLite: ${refusals.join(', ') || 'none'})`;
  return { difference: checked.difference, done: checked.queries, what };
}
