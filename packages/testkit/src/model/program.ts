/** A row of the table that programs use. `tag` exists after the second migration. */
export interface ModelRow {
  readonly id: number;
  readonly name: string | null;
  readonly amount: number | null;
  readonly tag?: string;
}

/** The row that `insert` takes. */
export type NewRow = Omit<ModelRow, 'tag'>;

/** A condition that every driver supports. */
export type ModelCondition =
  | { readonly amountAtLeast: number }
  | { readonly nameIsNull: boolean }
  | { readonly nameStartsWith: string }
  | { readonly everything: true };

/** One repository call. */
export type ModelCall =
  | { readonly do: 'insert'; readonly row: NewRow }
  | { readonly do: 'insertMany'; readonly rows: readonly NewRow[] }
  | { readonly do: 'upsert'; readonly row: NewRow }
  | { readonly do: 'update'; readonly id: number; readonly patch: Partial<Omit<NewRow, 'id'>> }
  | { readonly do: 'updateMany'; readonly where: ModelCondition; readonly amount: number | null }
  | { readonly do: 'delete'; readonly id: number }
  | { readonly do: 'deleteMany'; readonly where: ModelCondition }
  | { readonly do: 'get'; readonly id: number }
  | { readonly do: 'count'; readonly where: ModelCondition }
  | {
      readonly do: 'find';
      readonly where: ModelCondition;
      readonly orderBy: 'amount' | 'name';
      readonly direction: 'asc' | 'desc';
      readonly limit: number;
    };

/** An action of a transaction. If a savepoint fails, it is rolled back and the transaction continues. */
export type ModelAction =
  | ModelCall
  | { readonly do: 'savepoint'; readonly actions: readonly ModelAction[]; readonly fails: boolean };

/** A call, or a transaction. If `fails` is set, the transaction is rolled back at its end. */
export type ModelUnit =
  | ModelCall
  | { readonly do: 'write'; readonly actions: readonly ModelAction[]; readonly fails: boolean };

/** A step of a program. The units of `together` run concurrently and may take effect in any order. */
export type ModelStep =
  | ModelUnit
  | { readonly do: 'together'; readonly units: readonly ModelUnit[] }
  | { readonly do: 'migrate'; readonly to: 1 | 2 }
  | { readonly do: 'restart' };

/** The outcome of a step: a value, or the code of an error. */
export type Outcome = { readonly value: unknown } | { readonly code: string };

/** Formats a program so that a person can read and repeat it. */
export function describeProgram(steps: readonly ModelStep[]): string {
  return steps.map((step) => describe(step, '')).join('\n');
}

function describe(step: ModelAction | ModelStep, indent: string): string {
  const block = (title: string, inner: readonly (ModelAction | ModelStep)[], end: string): string =>
    [`${indent}${title}`, ...inner.map((each) => describe(each, `${indent}  `)), `${indent}${end}`].join(
      '\n',
    );
  switch (step.do) {
    case 'write':
    case 'savepoint':
      return block(`${step.do} {`, step.actions, step.fails ? '  throw\n'.concat(indent, '}') : '}');
    case 'together':
      return block('together {', step.units, '}');
    default: {
      const { do: name, ...rest } = step;
      return `${indent}${name} ${Object.entries(rest)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(' ')}`.trimEnd();
    }
  }
}
