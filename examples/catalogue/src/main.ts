import { SluiceError } from '@sluice/core';
import { CommandLineError, HELP, readCommandLine } from './command-line.js';
import type { CatalogueFigures } from './report/catalogue-figures.js';
import { describeFigures } from './report/describe-figures.js';
import { runCatalogue } from './run-catalogue.js';

/** The exit status after a signal, as a shell reports it. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

process.exitCode = await main();

async function main(): Promise<number> {
  const interruption = new AbortController();
  let signalCode: number | undefined;
  for (const [signal, code] of Object.entries(SIGNALS)) {
    // After the first signal there is no listener any more. A second signal ends the process at once; committed work is not lost.
    process.once(signal, () => {
      signalCode = code;
      interruption.abort();
    });
  }
  try {
    const options = await readCommandLine(process.argv.slice(2), process.env);
    if (options === undefined) {
      process.stdout.write(HELP);
      return 0;
    }
    const figures = await runCatalogue(options, interruption.signal);
    process.stdout.write(options.json ? `${JSON.stringify(figures)}\n` : `\n${describeFigures(figures)}`);
    return signalCode === undefined ? exitCodeOf(figures) : interrupted(figures, signalCode);
  } catch (error) {
    return failed(error);
  }
}

function exitCodeOf({ errors }: CatalogueFigures): number {
  return Object.keys(errors).length === 0 ? 0 : 1;
}

function interrupted({ load, totals }: CatalogueFigures, code: number): number {
  const state = load.isInterrupted
    ? `${totals.files.toLocaleString('en')} files are in the catalogue. Run the same command again to go on from there.`
    : 'The catalogue is complete.';
  console.error(`Stopped. ${state}`);
  return code;
}

function failed(error: unknown): number {
  if (error instanceof CommandLineError) console.error(`${error.message} Use --help for the options.`);
  else if (error instanceof SluiceError) console.error(`${error.message} (${error.code})`);
  else console.error(error);
  return 2;
}
