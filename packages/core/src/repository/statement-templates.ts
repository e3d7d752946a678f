import { type CompiledQuery, type Expression, expressionBuilder } from 'kysely';
import { toStatement } from '../dialect/to-statement.js';
import type { Statement } from '../driver/driver.js';
import { InternalError } from '../errors/flow-errors.js';
import { fixedValue } from '../values/fixed-value.js';

/** Returns the next value of a statement as an expression, in the order in which the values were listed. */
export type NextValue = () => Expression<unknown>;

/** Builds a statement. It must call `next` once for each value, in their order. */
export type BuildStatement = (next: NextValue) => { compile(): CompiledQuery };

/** Properties of a statement that its text does not show. */
export type StatementTraits = Partial<
  Pick<Statement, 'access' | 'insertion' | 'isBounded' | 'isContained' | 'lookup' | 'maxRows'>
>;

/** Stands for a value in a compiled statement. */
class Placeholder {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/** A compiled statement without its values. */
interface Template {
  /** The statement, with {@link Placeholder}s among its parameters. */
  readonly statement: Statement;
  /** Whether the parameters are exactly the values, in their order. */
  readonly hasOnlyPlaceholders: boolean;
}

/** How many templates are cached. An application has a few dozen; a search with free conditions may create many more. */
const MAX_TEMPLATES = 1000;

/** How many characters the statements and keys of the cached templates may have. */
const MAX_CHARACTERS = 2 ** 22;

/** Caches compiled statements, because building and compiling with Kysely often takes longer than running the statement. */
export class StatementTemplates {
  readonly #templates = new Map<string, Template>();
  #characters = 0;

  /**
   * Returns a statement with these values, compiled at most once for each form.
   *
   * @param form the key of the cache: equal for statements that differ only in their values. `undefined` for a statement that is not cached.
   * @param traits returns the properties of every statement of this form; called once for each form.
   */
  statement(
    form: string | undefined,
    values: readonly unknown[],
    build: BuildStatement,
    traits: () => StatementTraits = defaultTraits,
  ): Statement {
    if (form === undefined) return { ...compile(build, values), ...traits() };
    const { statement, hasOnlyPlaceholders } =
      this.#templates.get(form) ?? this.#add(form, values.length, build, traits());
    if (hasOnlyPlaceholders) return { ...statement, parameters: values };
    const parameters = statement.parameters.map((each) =>
      each instanceof Placeholder ? values[each.index] : each,
    );
    return { ...statement, parameters };
  }

  #add(form: string, length: number, build: BuildStatement, traits: StatementTraits): Template {
    const placeholders = Array.from({ length }, (_, index) => new Placeholder(index));
    const statement = { ...compile(build, placeholders), ...traits };
    const { parameters } = statement;
    const hasOnlyPlaceholders =
      parameters.length === length && parameters.every((each, index) => each === placeholders[index]);
    const template = { statement, hasOnlyPlaceholders };
    this.#templates.set(form, template);
    this.#characters += form.length + statement.sql.length;
    while (this.#templates.size > MAX_TEMPLATES || this.#characters > MAX_CHARACTERS) this.#removeOldest();
    return template;
  }

  #removeOldest(): void {
    const [oldest] = this.#templates;
    if (oldest === undefined) return;
    const [form, { statement }] = oldest;
    this.#templates.delete(form);
    this.#characters -= form.length + statement.sql.length;
  }
}

/** The traits of a statement that is built by the repository alone. */
function defaultTraits(): StatementTraits {
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
  const statement = toStatement(query.compile());
  // An expression that a callback built may hold the caller's own values.
  return { ...statement, parameters: statement.parameters.map(fixedValue) };
}
