/** A condition that an operator should know of, although no call fails. */
export interface DatabaseWarning {
  /** Identifies the kind of warning: `wal_over_budget`. Stable across releases. */
  readonly code: string;
  /** Says what is wrong and what to do. Contains no values of rows and no credentials. */
  readonly message: string;
  /** Numbers and names that belong to the warning, by name. */
  readonly details: Readonly<Record<string, number | string | undefined>>;
}

/** Receives a driver's warnings. */
export type OnWarning = (warning: DatabaseWarning) => void;

/** Emits a warning as a warning of the process, which Node prints to stderr unless the application handles it. For warnings without another listener. */
export function emitProcessWarning({ code, message }: DatabaseWarning): void {
  process.emitWarning(message, { type: 'SluiceWarning', code });
}
