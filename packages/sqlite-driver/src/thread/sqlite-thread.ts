import { Worker } from 'node:worker_threads';
import type { ResultPart } from '../values/result-part.js';
import { LateJoinerSender } from './late-joiners.js';
import { newSlotMemory, type SlotMemory, SlotReceiver, SlotSender, WAKE_UP } from './shared-slot.js';
import { SpinBudget } from './spin-budget.js';
import { ThreadFlags } from './thread-flags.js';
import type {
  PreparedCounts,
  ThreadMessage,
  ThreadReply,
  ThreadRequest,
  ThreadStart,
} from './thread-protocol.js';

/** A reply, or the information that the thread ended before it replied. */
export type CallResult =
  | { readonly kind: 'reply'; readonly reply: ThreadReply }
  | { readonly kind: 'lost'; readonly cause: unknown };

/** Receives each part of a long result, in order. The thread sends more once {@link ThreadFlags.addCredit} was called for it. */
export type OnPart = (part: ResultPart, member: number) => void;

/** How long the calling thread's event loop polls for a reply before it sleeps. */
const POLL_MS = 0.3;

interface Call {
  readonly settle: (result: CallResult) => void;
  readonly onPart: OnPart | undefined;
}

/** The calling side of a thread that has its own SQLite connection. It keeps the process alive only while a call is in flight. */
export class SqliteThread {
  readonly flags: ThreadFlags = new ThreadFlags();
  /** Sends late joiners to the group that runs. Used only with the writer. */
  readonly lateJoiners: LateJoinerSender;
  readonly #worker: Worker;
  readonly #requests: SlotSender<ThreadRequest>;
  readonly #replies: SlotReceiver<ThreadMessage>;
  readonly #spin = new SpinBudget();
  readonly #ended: Promise<void>;
  #call: Call | undefined;
  #cause: unknown;
  #isAlive = true;
  #prepared: PreparedCounts = { hits: 0, misses: 0 };

  constructor(
    entry: URL,
    name: string,
    mailboxSlots: readonly SlotMemory[],
    changed: ThreadStart['changed'],
  ) {
    const start: ThreadStart = {
      flags: this.flags.shared,
      requests: newSlotMemory(),
      replies: newSlotMemory(),
      mailboxSlots,
      changed,
    };
    this.#worker = new Worker(entry, { name, workerData: start, execArgv: [] });
    this.#worker.unref();
    this.#requests = new SlotSender(start.requests, (message) => this.#worker.postMessage(message));
    this.#replies = new SlotReceiver(start.replies);
    this.lateJoiners = new LateJoinerSender(start.mailboxSlots, (members) =>
      this.#worker.postMessage(members),
    );
    this.#worker.on('message', (message: ThreadMessage | typeof WAKE_UP) => this.#receivePosted(message));
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

  /** Hits and misses of its prepared statements, up to its last reply. */
  get preparedCounts(): PreparedCounts {
    return this.#prepared;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Resolves when the thread has ended. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Sends a request and resolves with the reply. Never rejects. Only one call at a time. */
  call(request: ThreadRequest, onPart?: OnPart): Promise<CallResult> {
    if (!this.#isAlive) return Promise.resolve({ kind: 'lost', cause: this.#cause });
    return new Promise((settle) => {
      this.#call = { settle, onPart };
      this.flags.reset();
      this.#worker.ref();
      this.#requests.send(request);
      this.flags.announce();
      this.#poll(this.#call);
    });
  }

  /** Closes the connection and resolves when the thread has ended. */
  async close(): Promise<void> {
    if (!this.#isAlive) return;
    await this.call({ op: 'close' });
    this.#worker.ref();
    await this.#ended;
  }

  /** Ends the thread when it returns from SQLite. An open transaction is rolled back. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
    await this.#ended;
  }

  /** Polls for the reply from the event loop for a moment, while other events are served, so that a quick reply needs no wake-up. */
  #poll(call: Call): void {
    if (!this.#spin.take()) return;
    this.#replies.watch();
    const until = performance.now() + POLL_MS;
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

  #receivePosted(message: ThreadMessage | typeof WAKE_UP): void {
    if (message !== WAKE_UP && message.kind === 'reply') this.#replies.clearPosted();
    this.#receive(message === WAKE_UP ? this.#replies.take() : message);
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
