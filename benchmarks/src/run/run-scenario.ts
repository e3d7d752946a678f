import type { Target } from '../contender.ts';
import type { ContenderEntry } from '../contenders.ts';
import type { Scenario } from '../scenario.ts';
import type { ContenderProcess } from './contender-process.ts';
import type { Data } from './data.ts';
import type { Pace } from './pace.ts';
import { ProcessGroup, type RoundFigures } from './process-group.ts';
import type { ProcessPool } from './process-pool.ts';
import { slowSyncEnv } from './slow-sync.ts';

/** The result of one contender in one scenario: its rounds in order, or the reason why there are none. */
export interface ContenderResult {
  readonly contender: string;
  readonly rounds: readonly RoundFigures[];
  readonly error?: string;
  /** Versions and settings that the contender reported. */
  readonly told?: Readonly<Record<string, unknown>>;
}

/** The data and settings that all scenarios of a run share. */
export interface RunContext {
  readonly data: Data;
  readonly pace: Pace;
  readonly pool: ProcessPool;
  /** A folder for temporary files. */
  readonly folder: string;
}

/**
 * Measures all contenders interleaved. All of them are opened and warmed up. Then each has one short turn in each round, so that other work
 * of the machine affects all of them equally. Each round begins with another contender.
 */
export async function runScenario(
  scenario: Scenario,
  entries: readonly ContenderEntry[],
  context: RunContext,
): Promise<ContenderResult[]> {
  const { pace } = context;
  const runners = entries.map((entry) => new Runner(entry, scenario, context));
  try {
    for (let at = 0; at < runners.length; at += OPENED_AT_ONCE) {
      await Promise.all(runners.slice(at, at + OPENED_AT_ONCE).map((runner) => runner.open()));
    }
    for (const runner of runners) await runner.warmUp();
    const rounds = Math.min(pace.rounds, scenario.mostRounds ?? pace.rounds);
    for (let round = 0; round < rounds; round += 1) {
      for (const runner of rotated(runners, round)) await runner.turn();
    }
    return runners.map((runner) => runner.result());
  } finally {
    await Promise.all(runners.map((runner) => runner.close()));
  }
}

const OPENED_AT_ONCE = 2;

/** One contender in one scenario. After a failure it does not run again. */
class Runner {
  readonly #entry: ContenderEntry;
  readonly #scenario: Scenario;
  readonly #context: RunContext;
  readonly #rounds: RoundFigures[] = [];
  #processes: ProcessGroup | undefined;
  #pooled: ContenderProcess | undefined;
  #target: Target | undefined;
  #told: Record<string, unknown> | undefined;
  #error: string | undefined;

  constructor(entry: ContenderEntry, scenario: Scenario, context: RunContext) {
    this.#entry = entry;
    this.#scenario = scenario;
    this.#context = context;
  }

  async open(): Promise<void> {
    await this.#attempt(async () => {
      const { data, pool, folder } = this.#context;
      const { slowSyncMs, isCold } = this.#scenario;
      const env = slowSyncMs === undefined ? undefined : slowSyncEnv(slowSyncMs, folder);
      this.#target = await data.provide(this.#entry, this.#scenario);
      this.#pooled = isCold || env ? undefined : pool.take(this.#entry);
      this.#processes = new ProcessGroup(this.#entry, this.#scenario, env ?? {}, this.#pooled);
      this.#told = await this.#processes.open(this.#target, data.firstId(), data.rows);
    });
  }

  async warmUp(): Promise<void> {
    if (this.#scenario.isCold) return;
    const { warmUpMs, scale } = this.#context.pace;
    await this.#attempt(() => this.#measure(warmUpMs * (this.#scenario.warmUp ?? 1), scale / 2));
  }

  async turn(): Promise<void> {
    const { turnMs, scale } = this.#context.pace;
    await this.#attempt(async () => {
      this.#rounds.push(await this.#measure(turnMs, scale));
    });
  }

  async close(): Promise<void> {
    await this.#processes?.close(this.#pooled);
    if (this.#target !== undefined) await this.#context.data.discard(this.#target);
  }

  result(): ContenderResult {
    return {
      contender: this.#entry.name,
      rounds: this.#error === undefined ? this.#rounds : [],
      ...(this.#error !== undefined && { error: this.#error }),
      ...(this.#told && { told: this.#told }),
    };
  }

  async #measure(durationMs: number, scale: number): Promise<RoundFigures> {
    if (this.#processes === undefined) throw new Error('it is not open');
    return this.#processes.measure(durationMs * (this.#scenario.durationFactor ?? 1), scale);
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    if (this.#error !== undefined) return;
    try {
      await work();
    } catch (error) {
      this.#error = error instanceof Error ? error.message : String(error);
    }
  }
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
