// The process of a contender. It answers the requests of `contender-process.ts`, one at a time.
import { fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender, Session, Target } from '../contender.ts';
import { contendersOf } from '../contenders.ts';
import { createRandom, type Random } from '../measure/random.ts';
import type { Run } from '../scenario.ts';
import { SCENARIOS } from '../scenarios.ts';
import { type Item, itemOf } from '../workload/item.ts';
import type { Answers, Reply, Request } from './protocol.ts';

const bareMemory = process.memoryUsage.rss();
let contender: Contender | undefined;
let opened: OpenContender | undefined;

process.on('message', async (request: Request) => {
  const reply: Reply = await answer(request).then(
    (result) => ({ ok: true, answer: result }),
    (error: unknown) => ({ ok: false, failure: describe(error) }),
  );
  process.send?.(reply);
});
process.on('disconnect', () => process.exit());

async function answer(request: Request): Promise<Answers[Request['kind']]> {
  switch (request.kind) {
    case 'load':
      return load(request);
    case 'createTable':
      await contender?.createTable?.(request.target);
      return undefined;
    case 'open':
      return open(request);
    case 'measure':
      return measure(request);
    case 'close':
      await opened?.close();
      opened = undefined;
      return undefined;
  }
}

async function load({ engine, name }: Extract<Request, { kind: 'load' }>): Promise<Answers['load']> {
  const entry = contendersOf(engine, [name]).find((each) => each.name === name);
  if (entry === undefined) throw new Error(`there is no ${name}`);
  contender = await entry.load();
  const versions = Object.fromEntries(contender.packages.map((each) => [each, versionOf(each)]));
  return { versions, createsTable: contender.createTable !== undefined };
}

async function open(request: Extract<Request, { kind: 'open' }>): Promise<Answers['open']> {
  if (contender === undefined) throw new Error('nothing is loaded');
  assertSlowed();
  opened = new OpenContender(contender, request);
  await opened.open();
  const [expected, found] = [itemOf(1), await opened.session.get(1)];
  if (found?.title !== expected.title || found.score !== expected.score)
    throw new Error('it reads another row than was stored');
  return { settings: await opened.session.settings() };
}

async function measure(request: Extract<Request, { kind: 'measure' }>): Promise<Answers['measure']> {
  const scenario = SCENARIOS.find(
    ({ name, engine }) => name === request.scenario && engine === contender?.engine,
  );
  if (scenario === undefined || opened === undefined) throw new Error('nothing is open');
  opened.durationMs = request.durationMs;
  opened.scale = request.scale;
  return scenario.measure(opened);
}

/** An open contender and its data. */
class OpenContender implements Run {
  readonly random: Random;
  readonly rows: number;
  readonly bareMemory: number = bareMemory;
  durationMs = 0;
  scale = 1;
  readonly #contender: Contender;
  readonly #target: Target;
  readonly #step: number;
  #nextId: number;
  #session: Session | undefined;

  constructor(from: Contender, { target, ids, rows, seed }: Extract<Request, { kind: 'open' }>) {
    this.#contender = from;
    this.#target = target;
    this.#nextId = ids.first;
    this.#step = ids.step;
    this.rows = rows;
    this.random = createRandom(seed);
  }

  get session(): Session {
    if (this.#session === undefined) throw new Error('the session is closed');
    return this.#session;
  }

  async open(): Promise<void> {
    this.#session = await this.#contender.open(this.#target);
  }

  async close(): Promise<void> {
    await this.#session?.close();
    this.#session = undefined;
  }

  readonly nextItem = (): Item => {
    const item = itemOf(this.#nextId);
    this.#nextId += this.#step;
    return item;
  };
}

/** Checks that the disk is slowed down, if the scenario requires it. */
function assertSlowed(): void {
  const slowMs = Number(process.env.SLOW_SYNC_MS ?? 0);
  if (slowMs === 0) return;
  const file = join(tmpdir(), `slow-sync-${process.pid}`);
  const descriptor = openSync(file, 'w');
  writeSync(descriptor, 'x');
  const since = performance.now();
  fsyncSync(descriptor);
  const took = performance.now() - since;
  rmSync(file);
  if (took < slowMs) throw new Error('fsync could not be slowed');
}

/** Returns the version of an installed package, even if it does not export its package.json. */
function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  const folders = require.resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      return String(JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')).version);
    } catch {
      // The package is in another folder.
    }
  }
  return 'unknown';
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isMissing = 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
  const [line = ''] = error.message.trim().split('\n');
  return isMissing || /bindings file/.test(line) ? `not installed: ${line}` : line;
}
