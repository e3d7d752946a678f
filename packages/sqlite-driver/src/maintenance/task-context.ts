/** How far the work is, in units of its own. */
export interface TaskProgress {
  readonly done: number;
  readonly total: number;
}

/** What the work may use of its thread. Both end it by an exception when the caller has left. */
export interface TaskContext {
  /** Says how far it is. */
  readonly onProgress: (done: number, total: number) => void;
  readonly assertWanted: () => void;
}

/** Thrown in the thread to end work that nobody waits for any more. */
export class TaskCancelled extends Error {}
