import { Worker } from 'node:worker_threads';
import { LateJoinerSender, newMailboxSlots } from './late-joiners.js';
import { newSlotMemory, SlotReceiver, SlotSender } from './shared-slot.js';
import { SpinBudget } from './spin-budget.js';
import { ThreadFlags } from './thread-flags.js';
import type { ConnectionOptions, ThreadMessage, ThreadRequest, ThreadStart } from './thread-protocol.js';

/** A worker thread and the memory that it shares with the calling thread. It serves one file at a time. */
export class WorkerLink {
  readonly flags: ThreadFlags = new ThreadFlags();
  readonly worker: Worker;
  readonly requests: SlotSender<ThreadRequest>;
  readonly replies: SlotReceiver<ThreadMessage>;
  /** Sends late joiners to the group that runs. Used only with the writer. */
  readonly lateJoiners: LateJoinerSender;
  readonly spin: SpinBudget = new SpinBudget();
  #hasEnded = false;

  /** Starts a thread that runs the module `entry`. It does not keep the process alive. */
  constructor(entry: URL, role: ConnectionOptions['role']) {
    const start: ThreadStart = {
      flags: this.flags.shared,
      requests: newSlotMemory(),
      replies: newSlotMemory(),
      mailboxSlots: role === 'writer' ? newMailboxSlots() : [],
    };
    this.worker = new Worker(entry, { name: `sluice sqlite ${role}`, workerData: start, execArgv: [] });
    this.worker.unref();
    // Whoever calls it listens too. When nobody does, there is nothing to be told.
    this.worker.on('error', () => {});
    this.worker.once('exit', () => {
      this.#hasEnded = true;
    });
    this.requests = new SlotSender(start.requests, (message) => this.worker.postMessage(message));
    this.replies = new SlotReceiver(start.replies);
    this.lateJoiners = new LateJoinerSender(start.mailboxSlots, (members) =>
      this.worker.postMessage(members),
    );
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }
}
