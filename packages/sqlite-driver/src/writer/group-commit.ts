import type { Failure } from '../errors/failure.js';
import { isBusy, isSystemFailure, toFailure } from '../errors/failure.js';
import { describeViolation } from '../schema/describe-violation.js';
import { isBatch } from '../thread/pack-statements.js';
import { type Guarded, runStatement } from '../thread/run-statement.js';
import type { ThreadConnection } from '../thread/thread-connection.js';
import type { ThreadFlags } from '../thread/thread-flags.js';
import type { GroupMember, LockReport, Outcome, ThreadStatement } from '../thread/thread-protocol.js';
import type { LockWait } from '../transaction/lock-wait.js';
import { CollectedRows } from './collected-rows.js';

/** The result of an attempt to commit some members together. */
type Attempt =
  | { readonly kind: 'committed' }
  /** Nothing was committed. The next attempt is made without these members. */
  | { readonly kind: 'without'; readonly members: readonly number[] }
  /** Nothing was committed, and the member that caused it is unknown: each is committed alone. */
  | { readonly kind: 'apart'; readonly members: readonly number[] }
  /** Nothing was committed because the file was locked: the attempt is repeated. */
  | { readonly kind: 'again' };

/** The result of a group. */
export interface GroupReport {
  readonly outcomes: readonly Outcome[];
  readonly lock: LockReport;
  readonly commits: number;
  readonly rollbacks: number;
}

const DROPPED: Outcome = { kind: 'dropped' };

/**
 * Runs statements of different callers in one transaction with one COMMIT, with the same results as if each had run alone: a statement that fails
 * affects only its own caller. SQLite itself undoes a failed statement. When it rolls back the whole transaction, or leaves part of the
 * statement's changes, the transaction is run again without that statement.
 */
export class GroupCommit {
  readonly #connection: ThreadConnection;
  readonly #flags: ThreadFlags;
  readonly #lock: LockWait;
  readonly #members: GroupMember[];
  readonly #takeLateJoiners: () => readonly GroupMember[];
  readonly #outcomes: Outcome[];
  /** Once a statement has left part of its work, others may too: then each runs in a savepoint, and the transaction is not run again for each. */
  #guarded: Guarded = 'expected';
  #commits = 0;
  #rollbacks = 0;

  /** @param takeLateJoiners Returns members that have joined since the last call. Once it returns none, no more may join. */
  constructor(
    connection: ThreadConnection,
    flags: ThreadFlags,
    lock: LockWait,
    members: readonly GroupMember[],
    takeLateJoiners: () => readonly GroupMember[],
  ) {
    this.#connection = connection;
    this.#flags = flags;
    this.#lock = lock;
    this.#members = [...members];
    this.#takeLateJoiners = takeLateJoiners;
    this.#outcomes = members.map(() => DROPPED);
  }

  /** All members; late joiners are last. */
  get members(): readonly GroupMember[] {
    return this.#members;
  }

  /** Commits all members that can be committed, and returns the outcome of each. */
  run(): GroupReport {
    this.#commitTogether([...this.#members.keys()]);
    // Late joiners that arrived after the previous members had ended without a COMMIT.
    for (const late: number[] = []; this.#admits(late); ) this.#commitTogether(late.splice(0));
    return {
      outcomes: this.#outcomes,
      lock: this.#lock.report(),
      commits: this.#commits,
      rollbacks: this.#rollbacks,
    };
  }

  /** Adds late joiners. False when there are none, so that COMMIT follows. */
  #admits(members: number[]): boolean {
    const late = this.#takeLateJoiners();
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

  /** Tries to commit `members`, and returns those that still have to be committed. */
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

  /** Runs the members and the late joiners that arrive meanwhile, and commits. */
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
      const failure = this.#restartFailure(outcome);
      if (failure !== undefined) return this.#startOver(failure, member, members);
      ran.push(member);
    }
    return this.#commit(ran);
  }

  #run(member: number): Outcome {
    const statement = this.#members[member];
    if (statement === undefined) return DROPPED;
    this.#flags.running = member;
    const outcome = isBatch(statement)
      ? this.#runBatch(statement, member)
      : runStatement(this.#connection, statement, member, new CollectedRows(), this.#guarded);
    this.#flags.running = undefined;
    return outcome;
  }

  /** Runs the statements of a batch in a savepoint, which is rolled back when one of them fails. */
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
    if (this.#connection.inTransaction) this.#connection.undoTo('sluice_batch', true);
    return { kind: 'failure', failure: { ...failure, leftWork: false } };
  }

  /**
   * The failure of a statement after which the transaction must be run again: it has ended the transaction, or left part of its changes in
   * it.
   */
  #restartFailure(outcome: Outcome): Failure | undefined {
    if (outcome.kind !== 'failure') return undefined;
    const { failure } = outcome;
    const needsRestart = !this.#connection.inTransaction || isSystemFailure(failure) || failure.leftWork;
    return needsRestart ? failure : undefined;
  }

  #startOver(failure: Failure, member: number, members: readonly number[]): Attempt {
    this.#rollback();
    if (failure.leftWork) this.#guarded = 'all';
    const others = members.filter((other) => other !== member);
    return isSystemFailure(failure)
      ? { kind: 'apart', members: others }
      : { kind: 'without', members: [member] };
  }

  #commit(ran: readonly number[]): Attempt {
    const cancelled = ran.filter((member) => !this.#flags.claim(member));
    if (cancelled.length > 0) return this.#drop(cancelled, ran);
    if (this.#connection.rollsBackCutWal()) return this.#again(ran);
    try {
      this.#connection.control('commit');
    } catch (error) {
      return this.#commitFailed(this.#commitFailure(error, ran), ran);
    }
    this.#commits += 1;
    return { kind: 'committed' };
  }

  /** Members were cancelled after they ran: their callers were told that nothing happened, so the transaction is run again without them. */
  #drop(cancelled: readonly number[], ran: readonly number[]): Attempt {
    this.#rollback();
    for (const member of ran) this.#flags.unclaim(member);
    this.#settle(cancelled, DROPPED);
    return { kind: 'without', members: cancelled };
  }

  /** The failure of a COMMIT. The violation is described only when there is one member, which must have caused it. */
  #commitFailure(error: unknown, ran: readonly number[]): Failure {
    const failure = this.#connection.explain(toFailure(error, 'commit'));
    const isDescribed = ran.length === 1 && this.#connection.isPortable;
    return isDescribed ? describeViolation(this.#connection, failure, undefined) : failure;
  }

  /**
   * Rolls back after a failed COMMIT, which leaves the transaction open: the file is locked, the disk is full, or a deferred foreign key is
   * violated.
   */
  #commitFailed(failure: Failure, ran: readonly number[]): Attempt {
    this.#rollback();
    if (isBusy(failure)) return this.#again(ran);
    for (const member of ran) this.#flags.unclaim(member);
    if (ran.length > 1) return { kind: 'apart', members: ran };
    this.#settle(ran, { kind: 'failure', failure });
    return { kind: 'without', members: ran };
  }

  #again(ran: readonly number[]): Attempt {
    for (const member of ran) this.#flags.unclaim(member);
    return { kind: 'again' };
  }

  #rollback(): void {
    this.#connection.rollback();
    this.#rollbacks += 1;
  }

  #settle(members: readonly number[], outcome: Outcome): void {
    for (const member of members) this.#outcomes[member] = outcome;
  }
}
