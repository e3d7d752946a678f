import fc from 'fast-check';
import { arbitraryProgram } from './arbitrary-program.js';
import { describeProgram, type ModelStep } from './program.js';
import { type OpenModelStorage, ProgramRunner } from './run-program.js';

/** Options of {@link checkModel}. */
export interface CheckModelOptions {
  /** The seed of the generator. The same seed generates the same programs. */
  readonly seed: number;
  /** The maximum number of programs. */
  readonly programs: number;
  /** No further program starts after this time, in milliseconds. Default: no limit. */
  readonly timeLimitMs?: number;
}

/** The result of {@link checkModel}. */
export interface CheckedModel {
  /** The number of programs that ran. Programs from shrinking are not counted. */
  readonly programs: number;
  readonly seed: number;
  /** The shortest program for which the driver and the model differ, and the difference. */
  readonly difference?: string;
}

/** Runs random programs on a driver and on the in-memory model. If they differ, the program is shrunk to a short one. */
export async function checkModel(open: OpenModelStorage, options: CheckModelOptions): Promise<CheckedModel> {
  const runner = new ProgramRunner(open);
  const property = fc.asyncProperty(arbitraryProgram, (program) =>
    // The generator's objects have no prototype, but those of a driver have one.
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
    // If the time limit passes before the first program ends, fast-check reports a failure without an error.
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
