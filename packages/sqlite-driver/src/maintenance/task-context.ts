/** The progress of a task, in units that depend on the task: tables or pages. */
export interface TaskProgress {
  readonly done: number;
  readonly total: number;
}

/** What a task gets from its thread. Both functions throw {@link TaskCancelled} when the task was cancelled. */
export interface TaskContext {
  /** Reports the progress. */
  readonly onProgress: (done: number, total: number) => void;
  /** Checks for cancellation. */
  readonly assertNotCancelled: () => void;
}

/** Thrown in the thread to end a cancelled task. */
export class TaskCancelled extends Error {}
