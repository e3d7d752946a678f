import { Worker } from 'node:worker_threads';
import type { ResultPart } from '../values/result-part.js';
import { LateSender } from './late-joiners.js';
import { KNOCK, newSlotMemory, type SlotMemory, SlotReceiver, SlotSender } from './shared-slot.js';
import { SpinBudget } from './spin-budget.js';
import { ThreadFlags } from './thread-flags.js';
import type {
  PreparedCounts,
  ThreadMessage,
  ThreadReply,
  ThreadRequest,
  ThreadStart,
} from './thread-protocol.js';

/** A reply, or the news that the thread ended before it could give one. */
export type CallResult =
  | { readonly kind: 'reply'; readonly reply: ThreadReply }
  | { readonly kind: 'lost'; readonly cause: unknown };

/** Told of each part of a long result, in order. The thread goes on once {@link ThreadFlags.addCredit} was called for it. */
export type OnPart = (part: ResultPart, member: number) => void;

/** How long the calling thread's event loop keeps turning for a reply before it sleeps. */
const AWAKE_MS = 0.3;

interface Call {
  readonly settle: (result: CallResult) => void;
  readonly onPart: OnPart | undefined;
}

/** The calling side of a thread with a SQLite connection of its own. It keeps the process alive only while a call is under way. */
export class SqliteThread {
  readonly flags: ThreadFlags = new ThreadFlags();
  /** The doors of the group that runs, where the thread commits groups. */
  readonly late: LateSender;
  readonly #worker: Worker;
  readonly #requests: SlotSender<ThreadRequest>;
  readonly #replies: SlotReceiver<ThreadMessage>;
  readonly #spin = new SpinBudget();
  readonly #ended: Promise<void>;
  #call: Call | undefined;
  #cause: unknown;
  #isAlive = true;
  #prepared: PreparedCounts = { hits: 0, misses: 0 };

  constructor(entry: URL, name: string, doors: readonly SlotMemory[]) {
    const start: ThreadStart = {
      flags: this.flags.shared,
      requests: newSlotMemory(),
      replies: newSlotMemory(),
      late: doors,
    };
    this.#worker = new Worker(entry, { name, workerData: start, execArgv: [] });
    this.#worker.unref();
    this.#requests = new SlotSender(start.requests, (message) => this.#worker.postMessage(message));
    this.#replies = new SlotReceiver(start.replies);
    this.late = new LateSender(start.late, (members) => this.#worker.postMessage(members));
    this.#worker.on('message', (message: ThreadMessage | typeof KNOCK) => this.#receivePosted(message));
    this.#worker.on('error', (error) => {
      this.#cause = error;
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#lose();
        resolve();
      });
    });
  }

  /** How its statements were found, up to its last reply. */
  get preparedCounts(): PreparedCounts {
    return this.#prepared;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Resolves when the thread is gone. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Makes a request and resolves with its outcome, whatever it is. One at a time. */
  call(request: ThreadRequest, onPart?: OnPart): Promise<CallResult> {
    if (!this.#isAlive) return Promise.resolve({ kind: 'lost', cause: this.#cause });
    return new Promise((settle) => {
      this.#call = { settle, onPart };
      this.flags.reset();
      this.#worker.ref();
      this.#requests.send(request);
      this.flags.announce();
      this.#stayAwake(this.#call);
    });
  }

  /** Closes the connection and resolves when the thread is gone. */
  async close(): Promise<void> {
    if (!this.#isAlive) return;
    await this.call({ op: 'close' });
    this.#worker.ref();
    await this.#ended;
  }

  /** Ends the thread once it returns from SQLite; what it had not committed is undone. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
    await this.#ended;
  }

  /** Keeps the event loop turning for a moment, everything else being served, so that a quick reply does not find it asleep. */
  #stayAwake(call: Call): void {
    if (!this.#spin.take()) return;
    this.#replies.watch();
    const until = performance.now() + AWAKE_MS;
    const turn = (): void => {
      this.#receive(this.#replies.take());
      const isOver = this.#call !== call;
      if (!isOver && performance.now() < until) {
        setImmediate(turn);
      } else {
        this.#spin.note(isOver);
        this.#receive(this.#replies.listen());
      }
    };
    setImmediate(turn);
  }

  #receivePosted(message: ThreadMessage | typeof KNOCK): void {
    if (message !== KNOCK && message.kind === 'reply') this.#replies.clearPosted();
    this.#receive(message === KNOCK ? this.#replies.take() : message);
  }

  #receive(message: ThreadMessage | undefined): void {
    if (message?.kind === 'part') {
      this.#call?.onPart?.(message.part, message.member);
    } else if (message !== undefined) {
      this.#prepared = message.prepared ?? this.#prepared;
      this.#settle({ kind: 'reply', reply: message.reply });
    }
  }

  #lose(): void {
    this.#isAlive = false;
    this.#settle({ kind: 'lost', cause: this.#cause });
  }

  #settle(result: CallResult): void {
    const call = this.#call;
    this.#call = undefined;
    this.#worker.unref();
    call?.settle(result);
  }
}
