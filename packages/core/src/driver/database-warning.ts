/** Something an operator should know, although every call goes on. */
export interface DatabaseWarning {
  /** Which warning it is; stable across releases: `wal_over_budget`. */
  readonly code: string;
  /** What is the matter and what to do. Holds no values and no credentials. */
  readonly message: string;
  /** Figures and names, by name. */
  readonly details: Readonly<Record<string, number | string | undefined>>;
}

/** Takes a warning of a driver. */
export type OnWarning = (warning: DatabaseWarning) => void;

/** Makes a warning one of the process, which Node prints unless the application listens: where nobody else would hear of it. */
export function emitProcessWarning({ code, message }: DatabaseWarning): void {
  process.emitWarning(message, { type: 'SluiceWarning', code });
}
