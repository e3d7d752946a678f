import { Worker } from 'node:worker_threads';
import type { SluiceError, WaitOptions } from '@sluice/core';
import { lostError } from '../errors/errors.js';
import type { Failure } from '../errors/failure.js';
import { ownModule } from '../file/own-module.js';
import { Watch } from '../thread/watch.js';
import type { Task, TaskResults } from './task.js';
import type { TaskProgress } from './task-context.js';
import type { TaskMessage, TaskStart } from './task-protocol.js';

/** Options of a task. */
export interface TaskOptions extends Pick<WaitOptions, 'deadline' | 'signal'> {
  readonly onProgress?: ((progress: TaskProgress) => void) | undefined;
  /** Creates the error of a failure. */
  readonly toError: (failure: Failure) => Error;
}

type ResultOf<T extends Task> = TaskResults[T['kind']];

/**
 * Runs a task on a thread of its own, and resolves when the thread has ended.
 *
 * @throws TimeoutError or AbortedError when the deadline passes or the signal is aborted: the task ends at its next step, and unfinished files
 * are removed.
 */
export async function runTask<T extends Task>(task: T, options: TaskOptions): Promise<ResultOf<T>> {
  const cancelled = new Int32Array(new SharedArrayBuffer(4));
  let over: (() => SluiceError) | undefined;
  const watch = new Watch([options], (_, createError) => {
    over = createError;
    Atomics.store(cancelled, 0, 1);
  });
  try {
    const last = await lastMessage({ task, cancelled }, options.onProgress);
    if (last?.kind === 'result') return last.result as ResultOf<T>;
    if (last?.kind === 'failure') throw options.toError(last.failure);
    throw over?.() ?? lostError(false, undefined);
  } finally {
    watch.stop();
  }
}

/** The last message of the thread before it ended. */
function lastMessage(
  workerData: TaskStart,
  onProgress: TaskOptions['onProgress'],
): Promise<TaskMessage | undefined> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(ownModule('maintenance/task-thread.js'), {
      name: `sluice sqlite ${workerData.task.kind}`,
      workerData,
      execArgv: [],
    });
    let last: TaskMessage | undefined;
    worker.on('message', (message: TaskMessage) => {
      if (message.kind === 'progress') onProgress?.({ done: message.done, total: message.total });
      else last = message;
    });
    worker.once('error', (error) => reject(lostError(false, error)));
    worker.once('exit', () => resolve(last));
  });
}
