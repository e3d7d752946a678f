/** Where a command writes: results to `out`, everything else to `err`. */
export interface CommandOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether `err` is a terminal, which shows progress as a bar; otherwise there are plain lines. Default: false. */
  readonly isTerminal?: boolean;
}
