import type { Capabilities } from '@sluice/core';
import { CONTRACT_NUMBERS, type ContractNumber, contractNumberOf } from './contract-numbers.js';

/** The result of a run for one number of the contract. */
export interface NumberScore {
  readonly title: string;
  readonly passed: number;
  readonly failed: number;
  /** Cases that did not run because of a filter. */
  readonly notRun: number;
}

/** The result of a run for one driver. */
export interface Score {
  /** The name of the driver in {@link ConformanceTarget}. */
  readonly name: string;
  /** When the run ended, in UTC. */
  readonly date: string;
  readonly capabilities: Capabilities;
  /** Capabilities that the driver declares as absent. The suite checked that they are refused. */
  readonly absent: readonly string[];
  readonly numbers: Readonly<Record<ContractNumber, NumberScore>>;
  /** The numbers for which all cases passed. */
  readonly kept: readonly ContractNumber[];
  /** Whether all cases ran. An incomplete score certifies nothing. */
  readonly isComplete: boolean;
  /** Names of the cases that failed. */
  readonly failures: readonly string[];
}

/** The part of Vitest's tree of tasks that the score reads. */
export interface ScoredTask {
  readonly type: string;
  readonly name: string;
  readonly mode: string;
  readonly result?: { readonly state: string; readonly errors?: readonly unknown[] | undefined } | undefined;
  readonly tasks?: readonly ScoredTask[];
}

/** Counts the cases of a finished suite for each number. A failed hook counts as a failed case of its number. */
export function scoreOf(name: string, capabilities: Capabilities, suite: ScoredTask): Score {
  const outcomes = [...outcomesOf(suite, undefined)];
  const numbers = Object.fromEntries(
    Object.entries(CONTRACT_NUMBERS).map(([number, title]) => [
      number,
      { title, ...count(outcomes.filter((outcome) => outcome.number === number)) },
    ]),
  ) as Record<ContractNumber, NumberScore>;
  const all = Object.entries(numbers) as [ContractNumber, NumberScore][];
  return {
    name,
    date: new Date().toISOString(),
    capabilities,
    absent: Object.entries(capabilities).flatMap(([key, value]) => (value === false ? [key] : [])),
    numbers,
    kept: all
      .filter(([, { passed, failed, notRun }]) => passed > 0 && failed + notRun === 0)
      .map(([number]) => number),
    isComplete: all.every(([, { passed, failed, notRun }]) => passed + failed > 0 && notRun === 0),
    failures: outcomes.filter(({ state }) => state === 'failed').map((outcome) => outcome.name),
  };
}

interface Outcome {
  readonly number: ContractNumber;
  readonly name: string;
  readonly state: 'failed' | 'notRun' | 'passed';
}

function* outcomesOf(task: ScoredTask, inherited: ContractNumber | undefined): Generator<Outcome> {
  const number = contractNumberOf(task.name) ?? inherited;
  if (task.tasks === undefined) {
    if (number === undefined) throw new Error(`The case "${task.name}" names no number of the contract.`);
    yield { number, name: task.name, state: stateOf(task) };
    return;
  }
  if ((task.result?.errors?.length ?? 0) > 0 && number !== undefined)
    yield { number, name: `${task.name}: a hook`, state: 'failed' };
  for (const child of task.tasks) yield* outcomesOf(child, number);
}

function stateOf({ result }: ScoredTask): Outcome['state'] {
  if (result?.state === 'pass') return 'passed';
  return result?.state === 'fail' ? 'failed' : 'notRun';
}

function count(outcomes: readonly Outcome[]): Omit<NumberScore, 'title'> {
  const numberOf = (state: Outcome['state']): number =>
    outcomes.filter((outcome) => outcome.state === state).length;
  return { passed: numberOf('passed'), failed: numberOf('failed'), notRun: numberOf('notRun') };
}
