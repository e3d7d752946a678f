import type { Failure } from '../errors/failure.js';
import type { Task } from './task.js';
import type { TaskProgress } from './task-context.js';

/** The data that the thread of a task is started with. */
export interface TaskStart {
  readonly task: Task;
  /** 1 when the task was cancelled. */
  readonly cancelled: Int32Array<SharedArrayBuffer>;
}

/** A message from the thread. Every kind except `progress` is the last one. */
export type TaskMessage =
  | ({ readonly kind: 'progress' } & TaskProgress)
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'failure'; readonly failure: Failure }
  | { readonly kind: 'cancelled' };
