import {
  type Expression,
  expressionBuilder,
  type InsertQueryBuilder,
  type InsertResult,
  type Kysely,
} from 'kysely';
import type { Statement } from '../driver/driver.js';
import { InternalError } from '../errors/flow-errors.js';
import { invalidQuery } from '../errors/invalid-query.js';
import { UsageError } from '../errors/usage-errors.js';
import { type OnConflict, parseConflict, withoutRepeatedKeys } from './on-conflict.js';
import type { EncodedPatch, PatchParser } from './patch.js';
import { returning } from './returning.js';
import { type EncodedRow, type RowEncoder, type RowForm, runsOfSameColumns } from './row-encoder.js';
import type {
  BuildStatement,
  NextValue,
  StatementTemplates,
  StatementTraits,
} from './statement-templates.js';
import type { ShapeColumn, TableShape } from './table-shape.js';
import type { AnyTables } from './where.js';

type Insert = InsertQueryBuilder<AnyTables, string, InsertResult | object>;
type FinishInsert = (insert: Insert, next: NextValue) => Insert;

/** What the statements are built with. */
export interface InsertParts {
  readonly shape: TableShape;
  readonly kysely: Kysely<AnyTables>;
  readonly templates: StatementTemplates;
  readonly encoder: RowEncoder;
  readonly patches: PatchParser;
  readonly maxParameters: number;
}

/** Builds the statements that insert rows into one table. */
export class InsertStatements {
  readonly #shape: TableShape;
  readonly #kysely: Kysely<AnyTables>;
  readonly #templates: StatementTemplates;
  readonly #encoder: RowEncoder;
  readonly #patches: PatchParser;
  readonly #maxParameters: number;
  readonly #insertForms = new WeakMap<RowForm, string>();

  constructor({ shape, kysely, templates, encoder, patches, maxParameters }: InsertParts) {
    this.#shape = shape;
    this.#kysely = kysely;
    this.#templates = templates;
    this.#encoder = encoder;
    this.#patches = patches;
    this.#maxParameters = maxParameters;
  }

  insert(row: unknown): Statement {
    const encoded = this.#encoder.encode(row);
    const { form, values } = encoded;
    return this.#templates.statement(
      this.#insertForm(form),
      values,
      this.#buildInsert(form, 1, (insert) => returning(this.#shape, insert)),
      () => this.#insertionTraits(form, true),
    );
  }

  /**
   * Inserts `rows` in order. Consecutive rows with the same columns share a statement, as far as the number of parameters allows.
   *
   * @param onConflict the caller's; without it a row whose key exists violates a constraint.
   */
  insertMany(rows: readonly unknown[], onConflict?: unknown): Statement[] {
    const encoded = rows.map((row) => this.#encoder.encode(row));
    // INSERT … DEFAULT VALUES inserts one row.
    const most = (width: number): number =>
      width === 0 ? 1 : Math.max(1, Math.min(1000, Math.floor(this.#maxParameters / width)));
    const runs = runsOfSameColumns(encoded, most);
    if (onConflict === undefined) return runs.map((run) => this.#insertRun(run));
    const conflict = parseConflict(onConflict);
    if (conflict === 'ignore') return runs.map((run) => this.#insertRun(run, conflict));
    for (const { form, values } of encoded) this.#assertKeyGiven(form, values);
    return runs
      .flatMap((run) => withoutRepeatedKeys(this.#shape, run))
      .map((run) => this.#insertRun(run, conflict));
  }

  upsert(row: unknown, update: unknown): Statement {
    const { form, values } = this.#encoder.encode(row);
    this.#assertKeyGiven(form, values);
    const written = this.#written(form, update);
    const build = this.#buildInsert(form, 1, (insert, next) =>
      returning(this.#shape, this.#updating(insert, written, next)),
    );
    return this.#templates.statement(
      `upsert (${form.id}) ${written.form}`,
      [...values, ...written.values],
      build,
    );
  }

  /** Inserts rows with the same columns, in one statement. */
  #insertRun(rows: readonly EncodedRow[], conflict?: OnConflict): Statement {
    const [first] = rows;
    if (first === undefined) throw new InternalError('An INSERT was built without rows.');
    const { form } = first;
    const values: unknown[] = [];
    for (const row of rows) {
      for (const value of row.values) values.push(value);
    }
    const key = `insertMany (${form.id}) ${rows.length}`;
    if (conflict === undefined)
      return this.#templates.statement(
        key,
        values,
        this.#buildInsert(form, rows.length, (insert) => insert),
        () => this.#insertionTraits(form, false),
      );
    if (conflict === 'ignore')
      return this.#templates.statement(
        `${key} ignore`,
        values,
        this.#buildInsert(form, rows.length, (insert) => insert.onConflict((on) => on.doNothing())),
      );
    const written = this.#written(form, conflict.update);
    return this.#templates.statement(
      `${key} update ${written.form}`,
      [...values, ...written.values],
      this.#buildInsert(form, rows.length, (insert, next) => this.#updating(insert, written, next)),
    );
  }

  /** What an upsert sets in an existing row. @param update the caller's. Default: what the row gives, without the key. */
  #written(form: RowForm, update: unknown): EncodedPatch {
    if (update !== undefined && !Array.isArray(update)) return this.#changed(update);
    const given = form.columns.filter((column) => !this.#shape.key.includes(column));
    const changed = update?.map((property: string) => this.#shape.column(property)) ?? given;
    // When there is nothing to update, the key is set to itself, so that RETURNING returns the row.
    const columns: readonly ShapeColumn[] = changed.length > 0 ? changed : this.#shape.key;
    const eb = expressionBuilder<AnyTables, string>();
    return {
      form: columns.map(({ name }) => name).join(),
      values: [],
      isPure: true,
      build: () =>
        Object.fromEntries(
          columns.map(({ property }) => [property, eb.ref(`excluded.${property}` as never)]),
        ),
    };
  }

  #changed(update: unknown): EncodedPatch {
    const patch = this.#patches.parse(update);
    if (patch.isPure) return { ...patch, form: `set ${patch.form}` };
    throw invalidQuery('the `update` of an upsert takes values and `increment`, and no callback');
  }

  #updating(insert: Insert, written: EncodedPatch, next: NextValue): Insert {
    const key = this.#shape.key.map(({ property }) => property);
    return insert.onConflict((on) => on.columns(key).doUpdateSet(written.build(next, this.#shape.name)));
  }

  /** The key of an insert in the cache of statements. It is cached itself, because making the text takes as long as the rest of an insert. */
  #insertForm(form: RowForm): string {
    let text = this.#insertForms.get(form);
    if (text === undefined) {
      text = `insert (${form.id})`;
      this.#insertForms.set(form, text);
    }
    return text;
  }

  #buildInsert({ columns }: RowForm, count: number, finish: FinishInsert): BuildStatement {
    return (next) => {
      const insert = this.#kysely.insertInto(this.#shape.name);
      if (columns.length === 0) return finish(insert.defaultValues(), next);
      const record = (): Record<string, Expression<unknown>> =>
        Object.fromEntries(columns.map(({ property }) => [property, next()]));
      return finish(insert.values(Array.from({ length: count }, record)), next);
    };
  }

  #insertionTraits({ columns }: RowForm, isReturning: boolean): StatementTraits {
    return columns.length === 0 || (isReturning && this.#shape.hasText)
      ? { isContained: true }
      : { isContained: true, insertion: this.#shape.insertion(columns, isReturning) };
  }

  #assertKeyGiven({ columns }: RowForm, values: readonly unknown[]): void {
    const missing = this.#shape.key.find((column) => (values[columns.indexOf(column)] ?? null) === null);
    if (missing === undefined) return;
    throw new UsageError(
      'invalid_key',
      `An upsert into "${this.#shape.name}" needs its key "${missing.property}".`,
    );
  }
}
