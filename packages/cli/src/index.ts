export { type GeneratedTypes, type GenerateTypesOptions, generateTypes } from './codegen/generate-types.js';
export { type CommandOutput, runCommandLine } from './command-line.js';
export { EXIT_CODES, type ExitCode } from './exit-codes.js';
