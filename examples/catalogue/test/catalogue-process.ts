import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CatalogueFigures } from '../src/report/catalogue-figures.js';

const ENTRY = fileURLToPath(new URL('../dist/src/main.js', import.meta.url));

/** The result of a run of the example. */
export interface RunOutcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A running process of the example, with `DATABASE_URL` set. */
export interface StartedRun {
  readonly process: ChildProcess;
  readonly outcome: Promise<RunOutcome>;
}

/** Starts the built example. */
export function startCatalogue(url: string, ...args: readonly string[]): StartedRun {
  const environment = { ...process.env, DATABASE_URL: url, NO_COLOR: '1' };
  const child = spawn(process.execPath, [ENTRY, ...args], { env: environment });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const outcome = new Promise<RunOutcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
  });
  return { process: child, outcome };
}

/** Runs the built example to its end and returns its figures. @throws Error with its output if the exit status is not 0. */
export async function runCatalogue(url: string, ...args: readonly string[]): Promise<CatalogueFigures> {
  const { code, out, err } = await startCatalogue(url, '--json', ...args).outcome;
  if (code !== 0) throw new Error(`exit status ${code}: ${err}${out}`);
  return JSON.parse(out) as CatalogueFigures;
}

/** Runs a command and resolves to its exit status and output. */
export function runProgram(file: string, args: readonly string[], cwd: string): Promise<RunOutcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [file, ...args], { cwd }, (_error, out, err) => {
      resolve({ code: child.exitCode, out, err });
    });
  });
}
