import type { Failure } from '../errors/failure.js';
import type { Task } from './task.js';
import type { TaskProgress } from './task-context.js';

/** What a thread is started with. */
export interface TaskStart {
  readonly task: Task;
  /** 1 once the caller has left. */
  readonly cancelled: Int32Array<SharedArrayBuffer>;
}

/** What a thread posts; anything but progress is its last message. */
export type TaskMessage =
  | ({ readonly kind: 'progress' } & TaskProgress)
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'failure'; readonly failure: Failure }
  | { readonly kind: 'cancelled' };
