import { type CompiledQuery, type Expression, expressionBuilder } from 'kysely';
import { toStatement } from '../dialect/database-dialect.js';
import type { Statement } from '../driver/driver.js';
import { InternalError } from '../errors/flow-errors.js';

/** Gives the next value of a statement as an expression, in the order in which the values were listed. */
export type NextValue = () => Expression<unknown>;

/** A statement to be: what it looks like without its values, its values, and how to build it. */
export interface Draft {
  /** Equal for drafts that differ in their values alone; `undefined` when it cannot be told. */
  readonly form: string | undefined;
  /** In the order in which `build` asks for them. */
  readonly values: readonly unknown[];
  build(next: NextValue): { compile(): CompiledQuery };
}

/** Stands for a value in a compiled statement. */
class Slot {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/** How many forms are kept. An application has a few dozen; a search form with free conditions may make many. */
const MOST_TEMPLATES = 1000;

/** Compiles each form of statement once: building and compiling with Kysely costs more than many a statement takes to run. */
export class StatementTemplates {
  readonly #templates = new Map<string, Statement>();

  statement(draft: Draft): Statement {
    if (draft.form === undefined) return build(draft, (index) => draft.values[index]);
    const template = this.#templates.get(draft.form) ?? this.#add(draft.form, draft);
    const parameters = template.parameters.map((each) =>
      each instanceof Slot ? draft.values[each.index] : each,
    );
    return { ...template, parameters };
  }

  #add(form: string, draft: Draft): Statement {
    const template = build(draft, (index) => new Slot(index));
    const [oldest] = this.#templates.keys();
    if (this.#templates.size >= MOST_TEMPLATES && oldest !== undefined) this.#templates.delete(oldest);
    this.#templates.set(form, template);
    return template;
  }
}

function build(draft: Draft, valueAt: (index: number) => unknown): Statement {
  const eb = expressionBuilder<Record<string, Record<string, unknown>>, string>();
  let index = 0;
  const query = draft.build(() => {
    index += 1;
    return eb.val(valueAt(index - 1));
  });
  if (index !== draft.values.length)
    throw new InternalError('A statement asked for other values than it listed.');
  return toStatement(query.compile());
}
