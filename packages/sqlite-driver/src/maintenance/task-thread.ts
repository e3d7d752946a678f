import { parentPort, workerData } from 'node:worker_threads';
import { toFailure } from '../errors/failure.js';
import { backUp } from './back-up.js';
import { checkIntegrity } from './check-integrity.js';
import { quarantine } from './quarantine.js';
import { reclaim } from './reclaim.js';
import { restoreBackup } from './restore-backup.js';
import type { Task } from './task.js';
import { TaskCancelled, type TaskContext } from './task-context.js';
import type { TaskMessage, TaskStart } from './task-protocol.js';

const { task, cancelled } = workerData as TaskStart;

function assertNotCancelled(): void {
  if (Atomics.load(cancelled, 0) === 1) throw new TaskCancelled();
}

const context: TaskContext = {
  onProgress: (done, total) => {
    assertNotCancelled();
    post({ kind: 'progress', done, total });
  },
  assertNotCancelled,
};

function post(message: TaskMessage): void {
  parentPort?.postMessage(message);
}

async function run(work: Task): Promise<unknown> {
  switch (work.kind) {
    case 'backup':
      return backUp(work, context);
    case 'check':
      return checkIntegrity(work, context);
    case 'quarantine':
      return quarantine(work, context);
    case 'reclaim':
      return reclaim(work, context);
    case 'restore':
      return restoreBackup(work, context);
  }
}

try {
  post({ kind: 'result', result: await run(task) });
} catch (error) {
  if (error instanceof TaskCancelled) post({ kind: 'cancelled' });
  else post({ kind: 'failure', failure: toFailure(error, 'run') });
}
