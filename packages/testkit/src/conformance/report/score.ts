import type { Capabilities } from '@sluice/core';
import { CONTRACT_NUMBERS, type ContractNumber, contractNumberOf } from './contract-numbers.js';

/** What a run found of one number of the contract. */
export interface NumberScore {
  readonly title: string;
  readonly passed: number;
  readonly failed: number;
  /** Cases that a filter left out. */
  readonly notRun: number;
}

/** What a run found of a driver. */
export interface Score {
  /** The driver, as its author calls it. */
  readonly name: string;
  /** When the run ended, in UTC. */
  readonly date: string;
  readonly capabilities: Capabilities;
  /** Capabilities that are declared absent, and were tested to be so. */
  readonly absent: readonly string[];
  readonly numbers: Readonly<Record<ContractNumber, NumberScore>>;
  /** Numbers of which every case passed. */
  readonly kept: readonly ContractNumber[];
  /** Whether every case ran; only then the score certifies anything. */
  readonly isComplete: boolean;
  /** Names of the cases that failed. */
  readonly failures: readonly string[];
}

/** What the score reads of Vitest's tree of cases. */
export interface ScoredTask {
  readonly type: string;
  readonly name: string;
  readonly mode: string;
  readonly result?: { readonly state: string; readonly errors?: readonly unknown[] | undefined } | undefined;
  readonly tasks?: readonly ScoredTask[];
}

/** Adds up a finished suite by number. A hook that failed counts as a case of the number it belongs to. */
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
