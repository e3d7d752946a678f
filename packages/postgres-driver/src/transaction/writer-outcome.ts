/** How a writer's work ended. The caller of the pool sets it before the connection is released; the pool's writer limit reads it then. */
export interface WriterOutcome {
  isConflict: boolean;
}
