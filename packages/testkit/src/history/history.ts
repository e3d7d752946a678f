/**
 * An operation of a transaction on one list: it read the whole list, or appended an element. No other operation appends the same element.
 */
export type Operation =
  | { readonly kind: 'read'; readonly key: number; readonly list: readonly number[] }
  | { readonly kind: 'append'; readonly key: number; readonly element: number };

/** One transaction of a history, with its operations in order. Its outcome is `unknown` if COMMIT was not answered. */
export interface RecordedTransaction {
  readonly outcome: 'aborted' | 'committed' | 'unknown';
  readonly operations: readonly Operation[];
}

/** All transactions of a run, in any order. */
export type History = readonly RecordedTransaction[];

/**
 * A kind of problem in a history. `G0`, `G1c`, `G-single` and `G2` are cycles of dependencies: of writes only, of writes and reads, with
 * one anti-dependency, with several (Adya, 1999; found as Elle does, Kingsbury and Alvaro, 2020).
 */
export type ProblemKind =
  | 'G-single'
  | 'G0'
  | 'G1a'
  | 'G1b'
  | 'G1c'
  | 'G2'
  | 'disagreement'
  | 'duplicate'
  | 'internal'
  | 'lost append'
  | 'unknown element';

/** A problem and its description. */
export interface Problem {
  readonly kind: ProblemKind;
  readonly message: string;
}
