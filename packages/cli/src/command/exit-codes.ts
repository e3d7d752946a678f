/** The exit statuses of all `sluice` commands. */
export const EXIT_CODES = {
  /** The command succeeded. */
  ok: 0,
  /**
   * The command found something: `codegen --verify` a file that is out of date, `audit` data that cannot be moved, `verify` a difference, `migrate status`
   * a pending migration.
   */
  found: 1,
  /** An error of the command line, the configuration or the database. The message says what was written before it. */
  failed: 2,
  /** The command was stopped by Ctrl-C or SIGTERM. `--resume` continues. */
  stopped: 3,
} as const;

/** An exit status of the `sluice` command. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
