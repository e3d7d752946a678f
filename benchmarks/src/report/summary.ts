import type { Engine, Target } from '../contender.ts';
import type { Machine } from '../machine.ts';
import type { Pace } from '../run/pace.ts';
import type { ContenderResult } from '../run/run-scenario.ts';
import type { Scenario } from '../scenario.ts';

/** All data of one run, as stored in `results`. */
export interface BenchmarkResults {
  readonly date: string;
  readonly engine: Engine;
  readonly isQuick: boolean;
  readonly machine: Machine;
  /** The server of the PostgreSQL results. */
  readonly server?: string;
  readonly pace: Pick<Pace, 'rounds' | 'turnMs' | 'warmUpMs'> & { readonly rows: number };
  readonly scenarios: readonly ScenarioResults[];
}

export interface ScenarioResults
  extends Pick<Scenario, 'floor' | 'isLowerBetter' | 'name' | 'title' | 'unit'>,
    Pick<Target, 'durability' | 'journal'> {
  readonly contenders: readonly ContenderResult[];
}

/** The results of one contender in one scenario, summarised over its rounds. */
export interface Summary {
  readonly contender: string;
  readonly error?: string;
  readonly value: Spread;
  /** The ratio to the reference in the same round. */
  readonly ratio: Spread;
  /** The 99th percentile and the maximum of the event loop's delay, each the median over the rounds. */
  readonly loopP99?: number;
  readonly loopMax?: number;
  readonly p99Ms?: number;
  readonly details: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Summarises a scenario. The first contender is the reference. */
export function summarize({ contenders }: Pick<ScenarioResults, 'contenders'>): Summary[] {
  const [reference] = contenders;
  return contenders.map((result) => summarizeContender(result, reference));
}

function summarizeContender(
  { contender, rounds, error }: ContenderResult,
  reference: ContenderResult | undefined,
): Summary {
  const ratios = rounds.map(({ value }, round) => value / (reference?.rounds[round]?.value ?? Number.NaN));
  const median = (values: readonly (number | undefined)[]): number | undefined => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? undefined : spread(known).median;
  };
  return {
    contender,
    ...(error !== undefined && { error }),
    value: spread(rounds.map(({ value }) => value)),
    ratio: spread(ratios),
    ...defined('loopP99', median(rounds.map(({ loop }) => loop?.p99))),
    ...defined('loopMax', median(rounds.map(({ loop }) => loop?.max))),
    ...defined('p99Ms', median(rounds.map(({ p99Ms }) => p99Ms))),
    details: medians(rounds.map(({ details = {} }) => details)),
    errors: sums(rounds.map(({ errors = {} }) => errors)),
  };
}

function defined<K extends string>(name: K, value: number | undefined): { [key in K]?: number } {
  return value === undefined ? {} : ({ [name]: value } as { [key in K]: number });
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const middle = ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
  return { median: middle, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

function medians(rounds: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, spread(rounds.map((round) => round[name] ?? Number.NaN)).median]),
  );
}

function sums(rounds: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const round of rounds) {
    for (const [code, count] of Object.entries(round)) total[code] = (total[code] ?? 0) + count;
  }
  return total;
}
