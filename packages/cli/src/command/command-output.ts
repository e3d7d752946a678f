/** The streams of a command: results go to `out`, everything else to `err`. */
export interface CommandOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether `err` is a terminal. A terminal shows a progress bar, other outputs show lines. Default: false. */
  readonly isTerminal?: boolean;
}
