import fc from 'fast-check';
import { arbitraryProgram } from './arbitrary-program.js';
import { describeProgram, type ModelStep } from './program.js';
import { type OpenModelStorage, ProgramRunner } from './run-program.js';

/** How long {@link checkModel} goes on. */
export interface CheckModelOptions {
  /** Decides which programs are made. */
  readonly seed: number;
  /** Most programs. */
  readonly programs: number;
  /** After this time no further program is begun, in milliseconds. Default: none. */
  readonly timeLimitMs?: number;
}

/** What {@link checkModel} has found. */
export interface CheckedModel {
  /** Programs run, without those made while shrinking. */
  readonly programs: number;
  readonly seed: number;
  /** The shortest program found that a driver and the model do not agree on, and how they differ. */
  readonly difference?: string;
}

/** Runs random programs on a driver and on the model in memory. A difference is shrunk to a short program. */
export async function checkModel(open: OpenModelStorage, options: CheckModelOptions): Promise<CheckedModel> {
  const runner = new ProgramRunner(open);
  const property = fc.asyncProperty(arbitraryProgram, (program) =>
    // The generator's objects have no prototype, and those of a driver do.
    runner.run(structuredClone(program)),
  );
  try {
    const details = await fc.check(property, {
      seed: options.seed,
      numRuns: options.programs,
      ...(options.timeLimitMs === undefined
        ? {}
        : { interruptAfterTimeLimit: options.timeLimitMs, markInterruptAsFailure: false }),
    });
    const { numRuns: programs, seed } = details;
    // A time limit that passes before the first program is through counts as a failure, without an error.
    if (!details.failed || details.counterexample === null) return { programs, seed };
    return {
      programs,
      seed,
      difference: describeDifference(details.counterexample?.[0] ?? [], details.errorInstance),
    };
  } finally {
    await runner.close();
  }
}

function describeDifference(program: readonly ModelStep[], error: unknown): string {
  return `${error instanceof Error ? error.message : String(error)}\n${describeProgram(program)}`;
}
