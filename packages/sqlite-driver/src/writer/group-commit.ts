import type { Failure } from '../errors/failure.js';
import { isBusy, isSystemFailure, toFailure } from '../errors/failure.js';
import { describeViolation } from '../schema/describe-violation.js';
import { isBatch } from '../thread/pack-statements.js';
import { runStatement } from '../thread/run-statement.js';
import type { ThreadConnection } from '../thread/thread-connection.js';
import type { ThreadFlags } from '../thread/thread-flags.js';
import type { GroupMember, LockReport, Outcome, ThreadStatement } from '../thread/thread-protocol.js';
import type { LockWait } from '../transaction/lock-wait.js';
import { CollectedRows } from './collected-rows.js';

/** How one attempt to commit some members together ended. */
type Attempt =
  | { readonly kind: 'committed' }
  /** Nothing was committed, and these members must not be part of the next attempt. */
  | { readonly kind: 'without'; readonly members: readonly number[] }
  /** Nothing was committed; to find out whose fault it was, each goes on its own. */
  | { readonly kind: 'apart'; readonly members: readonly number[] }
  /** Nothing was committed; the same may succeed in a moment. */
  | { readonly kind: 'again' };

/** What became of a group. */
export interface GroupReport {
  readonly outcomes: readonly Outcome[];
  readonly lock: LockReport;
  readonly commits: number;
  readonly rollbacks: number;
}

const DROPPED: Outcome = { kind: 'dropped' };

/**
 * Runs statements of different callers in one transaction, so that they share one COMMIT, as if each had run alone: a statement
 * that fails fails its own caller only. SQLite undoes a failed statement by itself; where it undoes the whole transaction, or leaves part of
 * the statement's work, the transaction is run again without it.
 */
export class GroupCommit {
  readonly #connection: ThreadConnection;
  readonly #flags: ThreadFlags;
  readonly #lock: LockWait;
  readonly #members: GroupMember[];
  readonly #takeLate: () => readonly GroupMember[];
  readonly #outcomes: Outcome[];
  #commits = 0;
  #rollbacks = 0;

  /** @param takeLate gives members that have come since, until there are none; after that none may come. */
  constructor(
    connection: ThreadConnection,
    flags: ThreadFlags,
    lock: LockWait,
    members: readonly GroupMember[],
    takeLate: () => readonly GroupMember[],
  ) {
    this.#connection = connection;
    this.#flags = flags;
    this.#lock = lock;
    this.#members = [...members];
    this.#takeLate = takeLate;
    this.#outcomes = members.map(() => DROPPED);
  }

  /** All of them, those who came late last. */
  get members(): readonly GroupMember[] {
    return this.#members;
  }

  /** Commits what can be committed, and says what became of each member. */
  run(): GroupReport {
    this.#commitTogether([...this.#members.keys()]);
    // Who came after all others were given up.
    for (const late: number[] = []; this.#admits(late); ) this.#commitTogether(late.splice(0));
    return {
      outcomes: this.#outcomes,
      lock: this.#lock.report(),
      commits: this.#commits,
      rollbacks: this.#rollbacks,
    };
  }

  /** Adds members who have come since. False when there are none: COMMIT is to follow. */
  #admits(members: number[]): boolean {
    const late = this.#takeLate();
    for (const member of late) {
      this.#outcomes.push(DROPPED);
      members.push(this.#members.push(member) - 1);
    }
    return late.length > 0;
  }

  #commitTogether(members: readonly number[]): void {
    let rest = members;
    while (rest.length > 0) rest = this.#commitOnce(rest);
  }

  /** Tries to commit `members`, and gives back those that still have to be. */
  #commitOnce(members: readonly number[]): readonly number[] {
    const isWanted = (): boolean => members.some((member) => !this.#flags.isCancelled(member));
    const lock = this.#lock.begin(this.#connection, isWanted);
    if (lock !== 'locked') {
      this.#settle(members, lock === 'given_up' ? DROPPED : { kind: 'failure', failure: lock });
      return [];
    }
    const all = [...members];
    const attempt = this.#attempt(all);
    switch (attempt.kind) {
      case 'committed':
        return [];
      case 'without':
        return all.filter((member) => !attempt.members.includes(member));
      case 'apart':
        this.#commitApart(attempt.members);
        return [];
      case 'again':
        this.#lock.pause(isWanted);
        return all;
    }
  }

  #commitApart(members: readonly number[]): void {
    for (const member of members) this.#commitTogether([member]);
  }

  /** Runs the members, and adds those who come meanwhile. */
  #attempt(members: number[]): Attempt {
    this.#connection.refreshSchema();
    const ran: number[] = [];
    for (let at = 0; at < members.length || this.#admits(members); at += 1) {
      // In bounds by the loop's condition.
      const member = members[at] as number;
      if (this.#flags.isCancelled(member)) {
        this.#outcomes[member] = DROPPED;
        continue;
      }
      const outcome = this.#run(member);
      this.#outcomes[member] = outcome;
      const spoilt = this.#spoilt(outcome);
      if (spoilt !== undefined) return this.#startOver(spoilt, member, members);
      ran.push(member);
    }
    return this.#commit(ran);
  }

  #run(member: number): Outcome {
    const statement = this.#members[member];
    if (statement === undefined) return DROPPED;
    if (isBatch(statement)) return this.#runBatch(statement, member);
    return runStatement(this.#connection, statement, member, new CollectedRows());
  }

  /** Several statements as one: what they did is undone when one of them fails. */
  #runBatch(statements: readonly ThreadStatement[], member: number): Outcome {
    const connection = this.#connection;
    const outcomes: Outcome[] = [];
    connection.control('savepoint sluice_batch');
    for (const statement of statements) {
      const outcome = runStatement(connection, statement, member, new CollectedRows());
      if (outcome.kind === 'failure') return this.#undoBatch(outcome.failure);
      outcomes.push(outcome);
    }
    connection.control('release sluice_batch');
    return { kind: 'batch', outcomes };
  }

  #undoBatch(failure: Failure): Outcome {
    if (this.#connection.inTransaction) {
      this.#connection.control('rollback to sluice_batch');
      this.#connection.control('release sluice_batch');
      this.#connection.forgetSchema();
      this.#connection.refreshSchema();
    }
    return { kind: 'failure', failure: { ...failure, leftWork: false } };
  }

  /** The failure of a statement that took the transaction with it, or left part of its work in it. */
  #spoilt(outcome: Outcome): Failure | undefined {
    if (outcome.kind !== 'failure') return undefined;
    const { failure } = outcome;
    const isSpoilt = !this.#connection.inTransaction || isSystemFailure(failure) || failure.leftWork;
    return isSpoilt ? failure : undefined;
  }

  #startOver(failure: Failure, member: number, members: readonly number[]): Attempt {
    this.#rollback();
    const others = members.filter((other) => other !== member);
    return isSystemFailure(failure)
      ? { kind: 'apart', members: others }
      : { kind: 'without', members: [member] };
  }

  #commit(ran: readonly number[]): Attempt {
    const cancelled = ran.filter((member) => !this.#flags.claim(member));
    if (cancelled.length > 0) return this.#drop(cancelled, ran);
    try {
      this.#connection.control('commit');
    } catch (error) {
      return this.#commitFailed(this.#commitFailure(error, ran), ran);
    }
    this.#commits += 1;
    return { kind: 'committed' };
  }

  /** Members were cancelled after they ran. Their callers were told that nothing happened, and so it is. */
  #drop(cancelled: readonly number[], ran: readonly number[]): Attempt {
    this.#rollback();
    for (const member of ran) this.#flags.unclaim(member);
    this.#settle(cancelled, DROPPED);
    return { kind: 'without', members: cancelled };
  }

  /** Once it is certain whose fault it is, it is found out what it was. */
  #commitFailure(error: unknown, ran: readonly number[]): Failure {
    const failure = this.#connection.explain(toFailure(error, 'commit'));
    const isDescribed = ran.length === 1 && this.#connection.isPortable;
    return isDescribed ? describeViolation(this.#connection, failure, undefined) : failure;
  }

  /** A COMMIT that fails leaves the transaction open: a busy file, a full disk, a deferred foreign key of one of the members. */
  #commitFailed(failure: Failure, ran: readonly number[]): Attempt {
    this.#rollback();
    for (const member of ran) this.#flags.unclaim(member);
    if (isBusy(failure)) return { kind: 'again' };
    if (ran.length > 1) return { kind: 'apart', members: ran };
    this.#settle(ran, { kind: 'failure', failure });
    return { kind: 'without', members: ran };
  }

  #rollback(): void {
    this.#connection.rollback();
    this.#rollbacks += 1;
  }

  #settle(members: readonly number[], outcome: Outcome): void {
    for (const member of members) this.#outcomes[member] = outcome;
  }
}
