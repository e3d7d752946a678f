import type { Engine, Target } from '../contender.ts';
import type { Measurement } from '../scenario.ts';

/** A request to a contender's process. There is one request at a time. */
export type Request =
  | { readonly kind: 'load'; readonly engine: Engine; readonly name: string }
  | { readonly kind: 'createTable'; readonly target: Target }
  | {
      readonly kind: 'open';
      readonly target: Target;
      readonly ids: IdRange;
      readonly rows: number;
      readonly seed: number;
    }
  | {
      readonly kind: 'measure';
      readonly scenario: string;
      readonly durationMs: number;
      readonly scale: number;
    }
  | { readonly kind: 'close' };

/** New rows get the ids `first`, `first + step`, …, so that processes never use the same id. */
export interface IdRange {
  readonly first: number;
  readonly step: number;
}

/** The answers by kind of request. */
export interface Answers {
  readonly load: { readonly versions: Readonly<Record<string, string>>; readonly createsTable: boolean };
  readonly createTable: undefined;
  readonly open: { readonly settings: Readonly<Record<string, unknown>> };
  readonly measure: Measurement;
  readonly close: undefined;
}

export type Reply =
  | { readonly ok: true; readonly answer: Answers[Request['kind']] }
  | { readonly ok: false; readonly failure: string };
