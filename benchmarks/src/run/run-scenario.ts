import type { Target } from '../contender.ts';
import type { ContenderEntry } from '../contenders.ts';
import type { Scenario } from '../scenario.ts';
import type { ContenderProcess } from './contender-process.ts';
import { Crew, type RoundFigures } from './crew.ts';
import type { Data } from './data.ts';
import type { Pace } from './pace.ts';
import type { ProcessPool } from './process-pool.ts';
import { slowSyncEnv } from './slow-sync.ts';

/** What one contender came to in one scenario: its rounds in order, or why there are none. */
export interface ContenderResult {
  readonly contender: string;
  readonly rounds: readonly RoundFigures[];
  readonly error?: string;
  /** Versions and settings, as the contender told them. */
  readonly told?: Readonly<Record<string, unknown>>;
}

/** What all scenarios of a run share. */
export interface Surroundings {
  readonly data: Data;
  readonly pace: Pace;
  readonly pool: ProcessPool;
  /** For what has to be written somewhere. */
  readonly folder: string;
}

/**
 * Measures all contenders side by side: everybody is opened and warmed up, then each has one short turn per round, so that whatever else
 * the machine does falls on all alike. Who begins a round changes.
 */
export async function runScenario(
  scenario: Scenario,
  entries: readonly ContenderEntry[],
  surroundings: Surroundings,
): Promise<ContenderResult[]> {
  const { pace } = surroundings;
  const runners = entries.map((entry) => new Runner(entry, scenario, surroundings));
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

/** One contender in one scenario. Once it has failed it stays out of the way. */
class Runner {
  readonly #entry: ContenderEntry;
  readonly #scenario: Scenario;
  readonly #surroundings: Surroundings;
  readonly #rounds: RoundFigures[] = [];
  #crew: Crew | undefined;
  #pooled: ContenderProcess | undefined;
  #target: Target | undefined;
  #told: Record<string, unknown> | undefined;
  #error: string | undefined;

  constructor(entry: ContenderEntry, scenario: Scenario, surroundings: Surroundings) {
    this.#entry = entry;
    this.#scenario = scenario;
    this.#surroundings = surroundings;
  }

  async open(): Promise<void> {
    await this.#attempt(async () => {
      const { data, pool, folder } = this.#surroundings;
      const { slowSyncMs, isCold } = this.#scenario;
      const env = slowSyncMs === undefined ? undefined : slowSyncEnv(slowSyncMs, folder);
      this.#target = await data.provide(this.#entry, this.#scenario);
      this.#pooled = isCold || env ? undefined : pool.take(this.#entry);
      this.#crew = new Crew(this.#entry, this.#scenario, env ?? {}, this.#pooled);
      this.#told = await this.#crew.open(this.#target, data.firstId(), data.rows);
    });
  }

  async warmUp(): Promise<void> {
    if (this.#scenario.isCold) return;
    const { warmUpMs, scale } = this.#surroundings.pace;
    await this.#attempt(() => this.#measure(warmUpMs * (this.#scenario.warmUp ?? 1), scale / 2));
  }

  async turn(): Promise<void> {
    const { turnMs, scale } = this.#surroundings.pace;
    await this.#attempt(async () => {
      this.#rounds.push(await this.#measure(turnMs, scale));
    });
  }

  async close(): Promise<void> {
    await this.#crew?.close(this.#pooled);
    if (this.#target !== undefined) await this.#surroundings.data.discard(this.#target);
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
    if (this.#crew === undefined) throw new Error('it is not open');
    return this.#crew.measure(durationMs * (this.#scenario.patience ?? 1), scale);
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
