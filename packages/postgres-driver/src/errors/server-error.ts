/** An error that the server raised, as any client receives it. */
export interface ServerError extends Error {
  /** Its SQLSTATE. */
  readonly code?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly constraint?: string | undefined;
  /** The function of the server that raised it. */
  readonly routine?: string | undefined;
}
