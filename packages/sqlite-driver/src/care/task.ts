import type { BackupTask } from './back-up.js';

/** Long work on a file that is not a lane's: each has a thread and a connection of its own. */
export type Task = BackupTask;

/** What each kind of work gives. */
export interface TaskResults {
  readonly backup: undefined;
}

/** How far the work is. */
export interface TaskProgress {
  readonly done: number;
  readonly total: number;
}

/** What the work may use of its thread. */
export interface TaskContext {
  /** Says how far it is. Ends the work by an exception when the caller has left. */
  readonly onProgress: (done: number, total: number) => void;
  /** Ends the work by an exception when the caller has left. */
  readonly assertWanted: () => void;
}

/** Thrown in the thread to end work that nobody waits for any more. */
export class TaskCancelled extends Error {}
