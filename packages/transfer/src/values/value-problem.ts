/** The kinds of values that a column cannot store, by their name in reports, plans and policies. */
export const VALUE_PROBLEMS = {
  'invalid-utf8': 'text that is not UTF-8',
  'nul-in-text': 'text with U+0000 in it, which PostgreSQL cannot hold',
  'null-value': 'NULL in a column that must have a value',
  'out-of-range': 'numbers that the type cannot hold exactly',
  'too-large': 'values of more than 64 MB, which a transfer does not move',
  'too-long': 'text longer than the column',
  'wrong-class': 'values stored as another class than the column is of',
  'wrong-form': 'values that the type cannot read',
} as const;

export type ValueProblem = keyof typeof VALUE_PROBLEMS;

/** What to do about a value that does not fit, or about an orphan row. */
export type PolicyAction = 'fail' | 'quarantine' | `convert:${string}`;
