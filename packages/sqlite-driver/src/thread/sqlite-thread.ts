import type { Worker } from 'node:worker_threads';
import { InternalError } from '@sluice/core';
import type { ResultPart } from '../values/result-part.js';
import type { LateJoinerSender } from './late-joiners.js';
import { WAKE_UP } from './shared-slot.js';
import type { ThreadFlags } from './thread-flags.js';
import type { PreparedCounts, ThreadMessage, ThreadReply, ThreadRequest } from './thread-protocol.js';
import type { WorkerLink } from './worker-link.js';

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
  readonly flags: ThreadFlags;
  /** Sends late joiners to the group that runs. Used only with the writer. */
  readonly lateJoiners: LateJoinerSender;
  readonly #link: WorkerLink;
  readonly #worker: Worker;
  readonly #keep: (link: WorkerLink) => void;
  readonly #ended = Promise.withResolvers<void>();
  #call: Call | undefined;
  #cause: unknown;
  #isAlive = true;
  #prepared: PreparedCounts = { hits: 0, misses: 0 };

  /** @param keep Takes the thread when its file is closed, for another one. */
  constructor(link: WorkerLink, keep: (link: WorkerLink) => void) {
    this.#link = link;
    this.#worker = link.worker;
    this.#keep = keep;
    this.flags = link.flags;
    this.lateJoiners = link.lateJoiners;
    this.#worker.on('message', this.#receivePosted).on('error', this.#noteCause).once('exit', this.#end);
  }

  /** Hits and misses of its prepared statements, up to its last reply. */
  get preparedCounts(): PreparedCounts {
    return this.#prepared;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Resolves when the thread has ended, or was left to another file. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Sends a request and resolves with the reply. Never rejects. @throws InternalError while another call is in flight. */
  call(request: ThreadRequest, onPart?: OnPart): Promise<CallResult> {
    if (this.#call !== undefined)
      throw new InternalError('A thread was called while it worked on another call.');
    if (!this.#isAlive) return Promise.resolve({ kind: 'lost', cause: this.#cause });
    return new Promise((settle) => {
      this.#call = { settle, onPart };
      this.flags.reset();
      this.#worker.ref();
      // Only the message port carries shared memory.
      if (request.op === 'open') this.#link.requests.sendPosted(request);
      else this.#link.requests.send(request);
      this.flags.announce();
      this.#poll(this.#call);
    });
  }

  /** Closes the connection and leaves the thread to another file. */
  async close(): Promise<void> {
    if (!this.#isAlive) return;
    const { kind } = await this.call({ op: 'close' });
    if (kind === 'lost') return;
    // The poll for the reply may not have ended, and must not take those to the next file's calls.
    this.#link.replies.listen();
    this.#worker.off('message', this.#receivePosted).off('error', this.#noteCause).off('exit', this.#end);
    this.#end();
    this.#keep(this.#link);
  }

  /** Ends the thread when it returns from SQLite. An open transaction is rolled back. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
    await this.ended;
  }

  /** Does not keep the process alive any more, whatever the thread still does. */
  abandon(): void {
    this.#worker.unref();
  }

  /** Polls for the reply from the event loop for a moment, while other events are served, so that a quick reply needs no wake-up. */
  #poll(call: Call): void {
    const { replies, spin } = this.#link;
    if (!spin.take()) return;
    replies.watch();
    const until = performance.now() + POLL_MS;
    const turn = (): void => {
      if (!this.#isAlive) return;
      this.#receive(replies.take());
      const isOver = this.#call !== call;
      if (!isOver && performance.now() < until) {
        setImmediate(turn);
      } else {
        spin.note(isOver);
        this.#receive(replies.listen());
      }
    };
    setImmediate(turn);
  }

  readonly #receivePosted = (message: ThreadMessage | typeof WAKE_UP): void => {
    const { replies } = this.#link;
    if (message !== WAKE_UP && message.kind === 'reply') replies.clearPosted();
    this.#receive(message === WAKE_UP ? replies.take() : message);
  };

  readonly #noteCause = (error: unknown): void => {
    this.#cause = error;
  };

  #receive(message: ThreadMessage | undefined): void {
    if (message?.kind === 'part') {
      this.#call?.onPart?.(message.part, message.member);
    } else if (message !== undefined) {
      this.#prepared = message.prepared ?? this.#prepared;
      this.#settle({ kind: 'reply', reply: message.reply });
    }
  }

  readonly #end = (): void => {
    this.#isAlive = false;
    this.#settle({ kind: 'lost', cause: this.#cause });
    this.#ended.resolve();
  };

  #settle(result: CallResult): void {
    const call = this.#call;
    this.#call = undefined;
    this.#worker.unref();
    call?.settle(result);
  }
}
