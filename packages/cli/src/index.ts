export { type GeneratedTypes, type GenerateTypesOptions, generateTypes } from './codegen/generate-types.js';
export { runCommandLine } from './command-line.js';
export type { CommandOutput } from './command-output.js';
export { EXIT_CODES, type ExitCode } from './exit-codes.js';
