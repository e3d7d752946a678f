export { type GeneratedTypes, type GenerateTypesOptions, generateTypes } from './codegen/generate-types.js';
export type { CommandOutput } from './command/command-output.js';
export { EXIT_CODES, type ExitCode } from './command/exit-codes.js';
export { runCommandLine } from './command-line.js';
