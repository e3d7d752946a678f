import { type ExecFileOptions, execFile } from 'node:child_process';

/** Runs a program to its end. Rejects with the last line of its standard error, or with the reason why it did not start. */
export async function executeProgram(
  program: string,
  args: readonly string[],
  options: ExecFileOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { ...options, encoding: 'utf8' }, (cause, stdout, stderr) => {
      if (cause === null) resolve(stdout);
      else reject(new Error(stderr.trim().split('\n').at(-1) || cause.message, { cause }));
    });
  });
}
