import { parseArgs } from 'node:util';
import type { Engine } from './contender.ts';

export const USAGE = `Usage: npm run bench -- [sqlite|postgres] [options]

  --scenario NAME    only scenarios whose name begins so; may be repeated
  --contender NAME   only this one, beside the reference; may be repeated
  --quick            a minute or two instead of twenty; shows that all runs, proves nothing
  --folder PATH      where the databases go (default: the system's temporary folder)
  --keep             keep the figures in benchmarks/results and write the page again
  --list             name the scenarios and contenders
  --report           only write the page again
`;

/** The parsed command line. */
export interface CommandLine {
  readonly engines: readonly Engine[];
  readonly scenarios: readonly string[];
  readonly contenders: readonly string[];
  readonly folder: string | undefined;
  readonly isQuick: boolean;
  readonly keeps: boolean;
  readonly action: 'help' | 'list' | 'report' | 'run';
}

/** Parses the arguments. @throws Error that says what is wrong. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      scenario: { type: 'string', multiple: true, default: [] },
      contender: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      folder: { type: 'string' },
      keep: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const engines = positionals.map(toEngine);
  if (values.keep && values.scenario.length + values.contender.length > 0) {
    throw new Error('--keep is for whole runs: leave out --scenario and --contender.');
  }
  return {
    engines: engines.length > 0 ? engines : ['sqlite', 'postgres'],
    scenarios: values.scenario,
    contenders: values.contender,
    folder: values.folder,
    isQuick: values.quick,
    keeps: values.keep,
    action: values.help ? 'help' : values.list ? 'list' : values.report ? 'report' : 'run',
  };
}

function toEngine(name: string): Engine {
  if (name === 'sqlite' || name === 'postgres') return name;
  throw new Error(`There is no engine "${name}". There are: sqlite, postgres.`);
}
