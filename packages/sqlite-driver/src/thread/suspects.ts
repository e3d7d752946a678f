import { createHash } from 'node:crypto';
import type { ExecuteOptions, Statement } from '@sluice/core';
import { statementKind } from '../sql/statement.js';

/** How many kinds of each sort are remembered. */
const MOST_KINDS = 500;

/** A longer text is remembered by its hash. */
const LONGEST_TEXT = 300;

/** A statement that ends within this time is not a suspect any more. */
const QUICK_MS = 100;

const LITERAL = /'(?:[^']|'')*'|\b\d[\w.]*/g;
const QUERIES = /\b(?:select|with)\b/i;
const RECURSIVE = /\bwith\b/i;

/**
 * The statements that may not end, which run in a process that can be killed: those of a kind that was cut off before, and writes with a query in them,
 * because a write that does not end lets no other write run. A kind is the text of a statement without its literals.
 */
export class Suspects {
  readonly #isOn: boolean;
  readonly #cutOff = new RecentKinds();
  readonly #quick = new RecentKinds();

  /** @param isOn Whether processes may be started. If not, nothing is a suspect. */
  constructor(isOn: boolean) {
    this.#isOn = isOn;
  }

  /** Whether processes may be started. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Remembers a statement that was cut off and did not return. */
  noteCutOff(sql: string): void {
    const kind = kindOf(sql);
    this.#cutOff.add(kind);
    this.#quick.delete(kind);
  }

  /** Remembers that a statement returned after all. */
  noteReturned(sql: string): void {
    this.#cutOff.delete(kindOf(sql));
  }

  /** Whether a statement of its kind is known to have ended soon. */
  hasEndedSoon(sql: string): boolean {
    return this.#quick.has(kindOf(sql));
  }

  /** Remembers that a statement ended. One with a common table expression stays a suspect: whether it ends may depend on the rows. */
  noteEnded(sql: string, tookMs: number): void {
    if (tookMs < QUICK_MS && !RECURSIVE.test(sql)) this.#quick.add(kindOf(sql));
  }

  /** Whether a statement of its kind was cut off before. */
  wasCutOff(sql: string): boolean {
    return this.#isOn && this.#cutOff.size > 0 && this.#cutOff.has(kindOf(sql));
  }

  /**
   * Whether a write contains a query, and none of its kind has ended soon. Those of a repository are bounded by what it offers. Without a deadline or a
   * signal nothing could end it.
   */
  isSuspectWrite({ sql, isContained }: Statement, { deadline, signal }: ExecuteOptions): boolean {
    if (!this.#isOn || (deadline === undefined && signal === undefined)) return false;
    const mayQuery = isContained !== true && QUERIES.test(sql) && statementKind(sql) !== 'schema';
    return (mayQuery && !this.hasEndedSoon(sql)) || this.wasCutOff(sql);
  }
}

/** The kinds that were used last. */
class RecentKinds {
  readonly #kinds = new Set<string>();

  get size(): number {
    return this.#kinds.size;
  }

  has(kind: string): boolean {
    return this.#kinds.has(kind);
  }

  add(kind: string): void {
    this.#kinds.delete(kind);
    this.#kinds.add(kind);
    const [oldest] = this.#kinds;
    if (this.#kinds.size > MOST_KINDS && oldest !== undefined) this.#kinds.delete(oldest);
  }

  delete(kind: string): void {
    this.#kinds.delete(kind);
  }
}

/** A statement's text without its literals. */
export function withoutLiterals(sql: string): string {
  return sql.replace(LITERAL, '?');
}

/** The text without its literals; of a long text, its hash. */
function kindOf(sql: string): string {
  const text = withoutLiterals(sql);
  return text.length <= LONGEST_TEXT ? text : createHash('sha256').update(text).digest('base64');
}
