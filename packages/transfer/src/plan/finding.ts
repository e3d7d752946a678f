/** Something of the source that needs a decision (`problem`), or that someone should know (`note`). */
export interface Finding {
  readonly severity: 'note' | 'problem';
  /** A stable name, the one that policies use. */
  readonly kind: string;
  /** `undefined` for what belongs to no table. */
  readonly table: string | undefined;
  readonly column: string | undefined;
  /** How many rows or values it is about; 1 for an object. */
  readonly count: number;
  /** Keys of the first few rows. */
  readonly keys: readonly string[];
  readonly message: string;
  /** What can be done about it. */
  readonly advice: string | undefined;
  /** The policy that settles it; `undefined` while none does. */
  readonly settledBy: string | undefined;
}

/** A finding with what most of them leave open. */
export function finding(parts: Pick<Finding, 'kind' | 'message' | 'severity'> & Partial<Finding>): Finding {
  return {
    table: undefined,
    column: undefined,
    count: 1,
    keys: [],
    advice: undefined,
    settledBy: undefined,
    ...parts,
  };
}

/** Whether nothing stands against a transfer. */
export function isClear({ findings }: { readonly findings: readonly Finding[] }): boolean {
  return findings.every(({ severity, settledBy }) => severity === 'note' || settledBy !== undefined);
}
