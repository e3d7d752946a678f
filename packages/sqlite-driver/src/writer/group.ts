import type { WaitOptions } from '@sluice/core';
import { isBatch, packMembers } from '../thread/pack-statements.js';
import type { CallResult, SqliteThread } from '../thread/sqlite-thread.js';
import { MAX_MEMBERS } from '../thread/thread-flags.js';
import type { GroupMember, PackedMembers } from '../thread/thread-protocol.js';
import { valueBytes } from '../thread/value-bytes.js';
import { Watch } from '../thread/watch.js';
import { type CallOutcome, toOutcome } from '../thread/watched-call.js';
import type { ResultPart } from '../values/result-part.js';

/** Parameters of one group take no more memory than this, give or take its last statement. */
const GROUP_BYTES = 8 * 2 ** 20;

/** So many callers are answered at once; while the next are, the thread works for these again. */
const ANSWERED_AT_ONCE = 16;

/** A write of its own, to be committed with others. */
export interface GroupWork {
  readonly kind: 'group';
  readonly member: GroupMember;
  readonly wait: WaitOptions;
  readonly onPart: (part: ResultPart) => void;
  readonly settle: (outcome: CallOutcome) => void;
}

/** The calling side of a group commit: all that waits goes over in one message, and whoever comes before COMMIT joins it. */
export class Group {
  readonly #thread: SqliteThread;
  readonly #next: () => GroupWork | undefined;
  readonly #members: GroupWork[] = [];
  readonly #watches: Watch[] = [];
  #bytes = 0;

  /** @param next takes the next of those who wait and may be in a group. */
  constructor(thread: SqliteThread, first: GroupWork, next: () => GroupWork | undefined) {
    this.#thread = thread;
    this.#next = next;
    this.#add(first);
  }

  /** How many members it has. */
  get size(): number {
    return this.#members.length;
  }

  /** Sends it to the thread and resolves with what became of it. */
  async run(): Promise<CallResult> {
    this.#collect();
    this.#thread.lateJoiners.open();
    const call = this.#thread.call({ op: 'group', members: this.#pack(0) }, (part, member) => {
      this.#members[member]?.onPart(part);
      this.#thread.flags.addCredit();
    });
    this.#watch(0);
    const result = await call;
    for (const watch of this.#watches) watch.stop();
    return result;
  }

  /** Sends those who wait now after it, if COMMIT is not yet under way. */
  join(): void {
    this.#thread.lateJoiners.offer(() => {
      const { size } = this;
      this.#collect();
      if (this.size === size) return undefined;
      this.#watch(size);
      return this.#pack(size);
    });
  }

  /**
   * Answers the members, some at a time: their callers' next calls are then on their way while the others are answered, and thread and callers
   * work side by side. The group that runs meanwhile is told to expect them.
   */
  settle(result: CallResult, from = 0): void {
    const { lateJoiners } = this.#thread;
    if (from === 0) lateJoiners.expect();
    const to = Math.min(from + ANSWERED_AT_ONCE, this.size);
    for (let index = from; index < to; index += 1)
      this.#members[index]?.settle(toOutcome(result, index, this.#thread));
    const goOn = (): void => (to < this.size ? this.settle(result, to) : lateJoiners.expectNone());
    // After all that these callers do at once.
    queueMicrotask(() => process.nextTick(goOn));
  }

  /** Takes those who wait, in order. */
  #collect(): void {
    while (this.size < MAX_MEMBERS && this.#bytes < GROUP_BYTES) {
      const next = this.#next();
      if (next === undefined) break;
      this.#add(next);
    }
  }

  #pack(from: number): PackedMembers {
    return packMembers(this.#members.slice(from).map(({ member }) => member));
  }

  #add(work: GroupWork): void {
    this.#members.push(work);
    this.#bytes += parameterBytes(work.member);
  }

  #watch(from: number): void {
    const waits = this.#members.slice(from).map(({ wait }) => wait);
    const watch = new Watch(waits, (index, createError) => {
      if (this.#thread.flags.cancel(from + index))
        this.#members[from + index]?.settle({ kind: 'over', createError });
    });
    this.#watches.push(watch);
  }
}

function parameterBytes(member: GroupMember): number {
  if (isBatch(member)) return member.reduce((sum, statement) => sum + parameterBytes(statement), 0);
  return valueBytes(member.parameters);
}
