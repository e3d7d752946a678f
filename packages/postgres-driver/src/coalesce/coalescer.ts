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
import { bindPortable } from '../values/parameters.js';
import { CallGroup, type GroupHost, type RunBatch } from './call-group.js';
import { canJoinInsertions, InsertionPlan } from './insertion-plan.js';
import { canJoinLookups, LookupPlan } from './lookup-plan.js';

/** From this attempt on a statement runs by itself, so that it can run alone. */
const SINGLE_FROM_ATTEMPT = 3;

/** What the coalescer works with. */
export interface CoalescerHost extends Omit<GroupHost, 'onIdle'> {
  readonly run: RunBatch;
  /** Most calls that may wait. */
  readonly queueLimit: number;
}

/** The calls of one form, a group for each priority. */
interface Form {
  readonly groups: Partial<Record<Priority, CallGroup>>;
  readonly makeGroup: (priority: Priority) => CallGroup;
  readonly isPaused: () => boolean;
}

/**
 * Answers the callers of one tick who look up or insert a row of one table by one statement. Only single statements, never a part of a
 * transaction; never across different columns or priorities.
 */
export class PostgresCoalescer {
  readonly #host: CoalescerHost;
  readonly #forms = new WeakMap<RowInsertion | RowLookup, Form | 'alone'>();
  readonly #groups = new Set<CallGroup>();
  readonly #refused = { read: 0, write: 0 };
  #onIdle: (() => void) | undefined;

  constructor(host: CoalescerHost) {
    this.#host = host;
  }

  /** Answers the call together with others; `undefined` when its statement is to be run by itself. */
  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> | undefined {
    const described = statement.lookup ?? statement.insertion;
    if (described === undefined || (options.attempt ?? 1) >= SINGLE_FROM_ATTEMPT) return undefined;
    const form = this.#forms.get(described) ?? this.#addForm(statement, described);
    if (form === 'alone' || form.isPaused()) return undefined;
    return this.#join(form, statement, options);
  }

  /** How many callers of a kind wait to be sent, by priority. */
  waiting(kind: 'read' | 'write', priority: Priority): number {
    let count = 0;
    for (const group of this.#groups) {
      if (group.mode === kind && group.priority === priority) count += group.waiting;
    }
    return count;
  }

  /** How many callers of a kind were refused, or left while they waited. */
  failures(kind: 'read' | 'write'): number {
    let count = this.#refused[kind];
    for (const group of this.#groups) if (group.mode === kind) count += group.left;
    return count;
  }

  /** Resolves when those accepted have their answers. No new ones may come. */
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

  #addForm(statement: Statement, described: RowInsertion | RowLookup): Form | 'alone' {
    const form = this.#formOf(statement) ?? 'alone';
    this.#forms.set(described, form);
    return form;
  }

  #formOf({ lookup, insertion }: Statement): Form | undefined {
    const { run } = this.#host;
    if (lookup !== undefined && canJoinLookups(lookup)) return this.#form(new LookupPlan(lookup, run));
    if (insertion !== undefined && canJoinInsertions(insertion))
      return this.#form(new InsertionPlan(insertion, run));
    return undefined;
  }

  #form(plan: InsertionPlan | LookupPlan): Form {
    const { acquire, runSingly } = this.#host;
    const host: GroupHost = { acquire, runSingly, onIdle: () => this.#settled() };
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

  #settled(): void {
    if (this.#onIdle !== undefined && this.#isIdle) this.#onIdle();
  }
}
