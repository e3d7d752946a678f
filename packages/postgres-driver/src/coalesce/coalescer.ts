import {
  type ExecuteOptions,
  OverloadedError,
  type Priority,
  type RowInsertion,
  type RowLookup,
  type Statement,
  type StatementResult,
} from '@sluice/core';
import { assertNotInterrupted } from '../connection/interrupt.js';
import { EXCLUSIVE_FROM_ATTEMPT } from '../pool/admission.js';
import type { UnreadableResults } from '../transaction/unreadable-results.js';
import { bindPortable } from '../values/parameters.js';
import { CallGroup, type GroupHost, type RunBatch } from './call-group.js';
import { canJoinInsertions, InsertionPlan } from './insertion-plan.js';
import { canJoinLookups, LookupPlan } from './lookup-plan.js';

/** What the coalescer needs from its database. */
export interface CoalescerHost extends Omit<GroupHost, 'onIdle'> {
  readonly run: RunBatch;
  /** Knows whether `run` decodes the rows of a write before its COMMIT. */
  readonly unreadable: UnreadableResults;
  /** The maximum number of waiting calls of a group. */
  readonly queueLimit: number;
}

/** The calls with one form of statement, in a group for each priority. */
interface Form {
  readonly groups: Partial<Record<Priority, CallGroup>>;
  readonly makeGroup: (priority: Priority) => CallGroup;
  readonly isPaused: () => boolean;
}

/**
 * Combines concurrent calls that look up or insert one row of the same table into one statement. Only calls outside of transactions, with the same
 * columns and the same priority, are combined.
 */
export class PostgresCoalescer {
  readonly #host: CoalescerHost;
  readonly #forms = new WeakMap<RowInsertion | RowLookup, Form | 'single'>();
  readonly #groups = new Set<CallGroup>();
  readonly #refused = { read: 0, write: 0 };
  #onIdle: (() => void) | undefined;

  constructor(host: CoalescerHost) {
    this.#host = host;
  }

  /** Answers the call together with others; `undefined` when its statement must run by itself. */
  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> | undefined {
    const described = statement.lookup ?? statement.insertion;
    // From this attempt on a statement runs exclusively, so it cannot be combined with others.
    if (described === undefined || (options.attempt ?? 1) >= EXCLUSIVE_FROM_ATTEMPT) return undefined;
    const form = this.#forms.get(described) ?? this.#addForm(statement, described);
    if (form === 'single' || form.isPaused()) return undefined;
    return this.#join(form, statement, options);
  }

  /** How many calls of a kind and priority wait for their batch to be sent. */
  waiting(kind: 'read' | 'write', priority: Priority): number {
    let count = 0;
    for (const group of this.#groups) {
      if (group.mode === kind && group.priority === priority) count += group.waiting;
    }
    return count;
  }

  /** How many calls of a kind were refused, or ended by their signal or deadline while they waited. */
  failures(kind: 'read' | 'write'): number {
    let count = this.#refused[kind];
    for (const group of this.#groups) if (group.mode === kind) count += group.cancelled;
    return count;
  }

  /** Resolves when every accepted call has its result. The caller must not add calls any more. */
  async close(): Promise<void> {
    if (!this.#isIdle) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    for (const group of this.#groups) group.stop();
  }

  #join(form: Form, statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    try {
      assertNotInterrupted(options);
      const { priority = 'normal' } = options;
      const group = form.groups[priority] ?? form.makeGroup(priority);
      this.#assertRoom(group, options);
      return group.add(statement, bindPortable(statement.parameters), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #assertRoom(group: CallGroup, { label: operation }: ExecuteOptions): void {
    if (group.waiting < this.#host.queueLimit) return;
    this.#refused[group.mode] += 1;
    throw new OverloadedError('Too many calls wait for PostgreSQL; try again later.', { operation });
  }

  #addForm(statement: Statement, described: RowInsertion | RowLookup): Form | 'single' {
    const form = this.#formOf(statement) ?? 'single';
    this.#forms.set(described, form);
    return form;
  }

  #formOf({ lookup, insertion }: Statement): Form | undefined {
    const { run, unreadable } = this.#host;
    if (lookup !== undefined && canJoinLookups(lookup)) return this.#form(new LookupPlan(lookup, run));
    if (insertion !== undefined && canJoinInsertions(insertion))
      return this.#form(new InsertionPlan(insertion, run, unreadable));
    return undefined;
  }

  #form(plan: InsertionPlan | LookupPlan): Form {
    const { acquire, runSingly } = this.#host;
    const host: GroupHost = { acquire, runSingly, onIdle: () => this.#notifyIfIdle() };
    const groups: Form['groups'] = {};
    const makeGroup = (priority: Priority): CallGroup => {
      const group = new CallGroup(plan, host, priority);
      groups[priority] = group;
      this.#groups.add(group);
      return group;
    };
    return { groups, makeGroup, isPaused: () => plan.isPaused };
  }

  get #isIdle(): boolean {
    for (const group of this.#groups) if (!group.isIdle) return false;
    return true;
  }

  #notifyIfIdle(): void {
    if (this.#onIdle !== undefined && this.#isIdle) this.#onIdle();
  }
}
