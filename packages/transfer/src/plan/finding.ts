/** A property of the source that needs a decision (`problem`), or that the user should know (`note`). */
export interface Finding {
  readonly severity: 'note' | 'problem';
  /** A stable name, as policies use it. */
  readonly kind: string;
  /** `undefined` when the finding belongs to no table. */
  readonly table: string | undefined;
  readonly column: string | undefined;
  /** Number of rows or values; 1 for an object of the schema. */
  readonly count: number;
  /** Keys of the first few rows. */
  readonly keys: readonly string[];
  readonly message: string;
  /** What the user can do about it. */
  readonly advice: string | undefined;
  /** The policy that decides the problem; `undefined` while it is undecided. */
  readonly settledBy: string | undefined;
}

/** Makes a finding, with defaults for what most findings do not have. */
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

/** Whether no undecided problem prevents a transfer. */
export function isClear({ findings }: { readonly findings: readonly Finding[] }): boolean {
  return findings.every(({ severity, settledBy }) => severity === 'note' || settledBy !== undefined);
}
