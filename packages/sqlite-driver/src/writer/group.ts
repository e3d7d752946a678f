import type { ExecuteOptions, WaitOptions } from '@sluice/core';
import { isBatch, packMembers } from '../thread/pack-statements.js';
import type { CallResult, SqliteThread } from '../thread/sqlite-thread.js';
import { MAX_MEMBERS } from '../thread/thread-flags.js';
import type { GroupMember, PackedMembers } from '../thread/thread-protocol.js';
import { valueBytes } from '../thread/value-bytes.js';
import { Watch } from '../thread/watch.js';
import { type CallOutcome, orOver, toOutcome } from '../thread/watched-call.js';
import type { ResultPart } from '../values/result-part.js';

/** Approximate limit of the memory for the parameters of one group; the last statement may exceed it. */
const GROUP_BYTES = 8 * 2 ** 20;

/** How many callers are answered in one step. The thread can work on their next calls while the others are answered. */
const ANSWERED_AT_ONCE = 16;

/** A write outside a transaction, which is committed together with others. */
export interface GroupWork {
  readonly kind: 'group';
  readonly member: GroupMember;
  readonly wait: WaitOptions & Pick<ExecuteOptions, 'label'>;
  readonly onPart: (part: ResultPart) => void;
  readonly settle: (outcome: CallOutcome) => void;
}

/** The calling side of a group commit: sends all waiting writes in one message, and writes that arrive before its COMMIT as late joiners. */
export class Group {
  readonly #thread: SqliteThread;
  readonly #next: () => GroupWork | undefined;
  readonly #onCutOff: (member: number, work: GroupWork) => void;
  readonly #members: GroupWork[] = [];
  /** One for the members that were sent together; `from` is the index of the first of them. */
  readonly #watches: { readonly from: number; readonly watch: Watch }[] = [];
  #bytes = 0;

  /**
   * @param next Takes the next waiting write out of the queue.
   * @param onCutOff Called when a member was answered before the thread has: it will not be committed.
   */
  constructor(
    thread: SqliteThread,
    first: GroupWork,
    next: () => GroupWork | undefined,
    onCutOff: (member: number, work: GroupWork) => void,
  ) {
    this.#thread = thread;
    this.#next = next;
    this.#onCutOff = onCutOff;
    this.#add(first);
  }

  /** The number of members. */
  get size(): number {
    return this.#members.length;
  }

  /** Sends the group to the thread and resolves with the result. */
  async run(): Promise<CallResult> {
    this.#collect();
    this.#thread.lateJoiners.open();
    const call = this.#thread.call({ op: 'group', members: this.#pack(0) }, (part, member) => {
      this.#members[member]?.onPart(part);
      this.#thread.flags.addCredit();
    });
    this.#watch(0);
    const result = await call;
    for (const { watch } of this.#watches) watch.stop();
    return result;
  }

  /** Sends the writes that wait now as late joiners, unless the COMMIT has begun. */
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
   * Answers the members in steps, so that the callers' next calls reach the thread while the other members are answered. Makes the group that runs
   * meanwhile wait a moment for these calls.
   */
  settle(result: CallResult, from = 0): void {
    const { lateJoiners } = this.#thread;
    if (from === 0) lateJoiners.expect();
    const to = Math.min(from + ANSWERED_AT_ONCE, this.size);
    for (let index = from; index < to; index += 1) this.#members[index]?.settle(this.#outcome(result, index));
    const proceed = (): void => (to < this.size ? this.settle(result, to) : lateJoiners.expectNone());
    // After the synchronous work and the microtasks of these callers.
    queueMicrotask(() => process.nextTick(proceed));
  }

  /** Answers all members whose COMMIT has not begun. */
  end(outcome: CallOutcome): void {
    for (const { watch } of this.#watches) watch.stop();
    for (const member of this.#members.keys()) this.#cutOff(member, outcome);
  }

  #cutOff(member: number, outcome: CallOutcome): void {
    const work = this.#members[member];
    if (work === undefined || !this.#thread.flags.cancel(member)) return;
    work.settle(outcome);
    this.#onCutOff(member, work);
  }

  /** Takes waiting writes, in order, up to the limits. */
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

  #outcome(result: CallResult, index: number): CallOutcome {
    const outcome = toOutcome(result, index, this.#thread);
    if (outcome.kind !== 'dropped') return outcome;
    const watched = this.#watches.findLast(({ from }) => from <= index);
    return orOver(outcome, watched?.watch, index - (watched?.from ?? 0));
  }

  #watch(from: number): void {
    const waits = this.#members.slice(from).map(({ wait }) => wait);
    const watch = new Watch(waits, (index, createError) =>
      this.#cutOff(from + index, { kind: 'over', createError }),
    );
    this.#watches.push({ from, watch });
  }
}

function parameterBytes(member: GroupMember): number {
  if (isBatch(member)) return member.reduce((sum, statement) => sum + parameterBytes(statement), 0);
  return valueBytes(member.parameters);
}
