/** What a transaction did to one list: it read it whole, or appended one element, which nobody else ever appends. */
export type Operation =
  | { readonly kind: 'read'; readonly key: number; readonly list: readonly number[] }
  | { readonly kind: 'append'; readonly key: number; readonly element: number };

/** One transaction of a history, its operations in their order. `unknown` is one whose COMMIT got no answer. */
export interface RecordedTransaction {
  readonly outcome: 'aborted' | 'committed' | 'unknown';
  readonly operations: readonly Operation[];
}

/** What happened in a run, in any order. */
export type History = readonly RecordedTransaction[];

/**
 * What is wrong with a history. `G0`, `G1c`, `G-single` and `G2` are cycles of dependencies: of writes alone, of writes and reads, with one
 * anti-dependency, with several (Adya, 1999; found as Elle does, Kingsbury and Alvaro, 2020).
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

/** One problem, in words. */
export interface Problem {
  readonly kind: ProblemKind;
  readonly message: string;
}
