import { type CompiledQuery, type Expression, expressionBuilder } from 'kysely';
import { toStatement } from '../dialect/to-statement.js';
import type { Statement } from '../driver/driver.js';
import { InternalError } from '../errors/flow-errors.js';

/** Gives the next value of a statement as an expression, in the order in which the values were listed. */
export type NextValue = () => Expression<unknown>;

/** Builds a statement; it asks for as many values as there are, in their order. */
export type BuildStatement = (next: NextValue) => { compile(): CompiledQuery };

/** What is known of a statement beyond its text. */
export type StatementTraits = Partial<
  Pick<Statement, 'access' | 'insertion' | 'isBounded' | 'isContained' | 'lookup' | 'maxRows'>
>;

/** Stands for a value in a compiled statement. */
class Slot {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/** A compiled form. */
interface Template {
  /** The statement with {@link Slot}s among its parameters. */
  readonly statement: Statement;
  /** Whether its parameters are the values themselves, in their order. */
  readonly takesValuesAsTheyAre: boolean;
}

/** How many forms are kept. An application has a few dozen; a search form with free conditions may make many. */
const MOST_TEMPLATES = 1000;

/** Compiles each form of statement once: building and compiling with Kysely costs more than many a statement takes to run. */
export class StatementTemplates {
  readonly #templates = new Map<string, Template>();

  /**
   * @param form equal for statements that differ in their values alone; `undefined` when it cannot be told.
   * @param traits of every statement of this form; asked for once where the form is known.
   */
  statement(
    form: string | undefined,
    values: readonly unknown[],
    build: BuildStatement,
    traits: () => StatementTraits = noTraits,
  ): Statement {
    if (form === undefined) return { ...compile(build, values), ...traits() };
    const { statement, takesValuesAsTheyAre } =
      this.#templates.get(form) ?? this.#add(form, values.length, build, traits());
    if (takesValuesAsTheyAre) return { ...statement, parameters: values };
    const parameters = statement.parameters.map((each) => (each instanceof Slot ? values[each.index] : each));
    return { ...statement, parameters };
  }

  #add(form: string, length: number, build: BuildStatement, traits: StatementTraits): Template {
    const slots = Array.from({ length }, (_, index) => new Slot(index));
    const statement = { ...compile(build, slots), ...traits };
    const { parameters } = statement;
    const takesValuesAsTheyAre =
      parameters.length === length && parameters.every((each, index) => each === slots[index]);
    const template = { statement, takesValuesAsTheyAre };
    const [oldest] = this.#templates.keys();
    if (this.#templates.size >= MOST_TEMPLATES && oldest !== undefined) this.#templates.delete(oldest);
    this.#templates.set(form, template);
    return template;
  }
}

/** Of a repository's own statement. */
function noTraits(): StatementTraits {
  return { isContained: true };
}

function compile(build: BuildStatement, values: readonly unknown[]): Statement {
  const eb = expressionBuilder<Record<string, Record<string, unknown>>, string>();
  let index = 0;
  const query = build(() => {
    index += 1;
    return eb.val(values[index - 1]);
  });
  if (index !== values.length) throw new InternalError('A statement asked for other values than it listed.');
  return toStatement(query.compile());
}
