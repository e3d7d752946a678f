/** What the exit status of every `sluice` command means. */
export const EXIT_CODES = {
  /** The command did what it was asked. */
  ok: 0,
  /** The command found what it was asked to look for: `codegen --verify` a file that is out of date, `audit` what cannot go over, `verify` a difference. */
  found: 1,
  /** The command line, the configuration or the database is at fault. What was written before is told by the message. */
  failed: 2,
  /** The work was stopped before its end, by Ctrl-C or SIGTERM; `--resume` goes on. */
  stopped: 3,
} as const;

/** An exit status of the `sluice` command. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
