import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SLUICE = fileURLToPath(new URL('../../bin/sluice.js', import.meta.url));

/** What a process of `sluice` left. */
export interface SluiceRun {
  /** `null` after a signal. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts `sluice`; a URL of a database goes by the environment variable TARGET_URL. */
export function startSluice(
  args: readonly string[],
  url: string,
  variables: Readonly<Record<string, string>> = {},
): { child: ChildProcess; ended: Promise<SluiceRun> } {
  const env = { ...process.env, TARGET_URL: url, NO_COLOR: '1', ...variables };
  const child = spawn(process.execPath, [SLUICE, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  child.stderr.on('data', (data) => {
    err += data;
  });
  const ended = new Promise<SluiceRun>((resolve) => child.on('close', (code) => resolve({ code, out, err })));
  return { child, ended };
}

/** Runs `sluice` to its end. */
export function runSluice(
  args: readonly string[],
  url = '',
  variables: Readonly<Record<string, string>> = {},
): Promise<SluiceRun> {
  return startSluice(args, url, variables).ended;
}

/** Resolves when a process of `sluice` has written `line` to its standard error. */
export function said(child: ChildProcess, line: string): Promise<void> {
  let text = '';
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', (data) => {
      text += data;
      if (text.includes(`${line}\n`)) resolve();
    });
    child.on('close', () => reject(new Error(`The process ended without "${line}": ${text}`)));
  });
}
