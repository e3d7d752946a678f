import {
  type DeleteQueryBuilder,
  type DeleteResult,
  type Expression,
  expressionBuilder,
  type InsertQueryBuilder,
  type InsertResult,
  type Kysely,
  type KyselyPlugin,
  type SelectQueryBuilder,
  sql,
  type UpdateQueryBuilder,
  type UpdateResult,
} from 'kysely';
import type { DatabaseSql, Row, Statement } from '../driver/driver.js';
import { InternalError } from '../errors/flow-errors.js';
import { invalidQuery } from '../errors/invalid-query.js';
import { UsageError } from '../errors/usage-errors.js';
import { isBoundedRead } from './bounded-read.js';
import { type ChosenRows, parseChosenRows } from './chosen-rows.js';
import { readCursor } from './cursor.js';
import { type OnConflict, parseConflict, withoutRepeatedKeys } from './on-conflict.js';
import { applyTerm, formOfOrder, type OrderTerm, parseOrder, rowsAfter, totalOrder } from './order.js';
import { type EncodedPatch, PatchParser } from './patch.js';
import { asQuery, type RawQuery, refuseUnknownOptions, wholeNumber } from './raw-query.js';
import { type EncodedRow, RowEncoder, type RowForm, runsOfSameColumns } from './row-encoder.js';
import { BEGINNING, isBeginning, type RawPlace, readPlace } from './seek.js';
import { parseSelection, type Selection } from './selection.js';
import {
  type BuildStatement,
  type NextValue,
  StatementTemplates,
  type StatementTraits,
} from './statement-templates.js';
import type { ShapeColumn, TableShape } from './table-shape.js';
import { type AnyTables, allOf, type Condition, WhereParser } from './where.js';

type Select = SelectQueryBuilder<AnyTables, string, Row>;
type Insert = InsertQueryBuilder<AnyTables, string, InsertResult | object>;
type Update = UpdateQueryBuilder<AnyTables, string, string, UpdateResult | object>;
type Delete = DeleteQueryBuilder<AnyTables, string, DeleteResult | object>;
type FinishInsert = (insert: Insert, next: NextValue) => Insert;

/** How the rows of a statement are chosen, and whether it returns them. */
interface Choice {
  readonly most?: number;
  readonly skipsLocked?: boolean;
  readonly isReturning?: boolean;
}

/** Builds the statements of one table's repository. It does not run them. */
export class RepositoryStatements {
  readonly shape: TableShape;
  readonly #kysely: Kysely<AnyTables>;
  readonly #where: WhereParser;
  readonly #maxParameters: number;
  readonly #templates = new StatementTemplates();
  readonly #encoder: RowEncoder;
  readonly #patches: PatchParser;
  readonly #insertForms = new WeakMap<RowForm, string>();

  constructor(
    shape: TableShape,
    kysely: Kysely<AnyTables>,
    databaseSql: DatabaseSql,
    plugins: readonly KyselyPlugin[],
    maxParameters: number,
  ) {
    this.shape = shape;
    this.#encoder = new RowEncoder(shape);
    this.#patches = new PatchParser(shape, this.#encoder, databaseSql, plugins);
    this.#kysely = kysely;
    this.#where = new WhereParser(shape, databaseSql, plugins);
    this.#maxParameters = maxParameters;
  }

  /** @param select the caller's; the whole row without it. */
  get(key: unknown, select?: unknown): Statement {
    if (select !== undefined) return this.#getColumns(key, select);
    const build = (next: NextValue): Select => this.#all().where(this.#where.key(next));
    return this.#templates.statement('get', this.shape.keyValues(key), build, () => ({
      ...boundedRead(),
      // The driver reads whole rows, as they are.
      ...(this.shape.hasText ? {} : { lookup: this.shape.lookup() }),
    }));
  }

  #getColumns(key: unknown, select: unknown): Statement {
    const selection = parseSelection(this.shape, select);
    const build = (next: NextValue): Select => this.#all(selection).where(this.#where.key(next));
    const form = `get${selection?.form}`;
    return this.#templates.statement(form, this.shape.keyValues(key), build, boundedRead);
  }

  /**
   * The rows with any of `keys`, in several statements when one cannot take all parameters; one for each key when only the engine knows which row has it.
   */
  getMany(
    keys: readonly unknown[],
    select?: unknown,
  ): { readonly statements: readonly Statement[]; readonly selection: Selection | undefined } {
    if (this.shape.hasForeignKey)
      return { statements: keys.map((key) => this.get(key, select)), selection: undefined };
    const selection = parseSelection(this.shape, select, this.shape.key);
    const encoded = keys.map((key) => this.shape.keyValues(key));
    const width = this.shape.key.length;
    const size =
      width === 1 ? Math.max(1, encoded.length) : Math.min(500, Math.floor(this.#maxParameters / width));
    const statements = chunks(encoded, size).map((chunk) =>
      this.#select('getMany', this.#where.keys(chunk), unchanged, [], selection),
    );
    return { statements, selection };
  }

  has(key: unknown): Statement {
    const found = sql<number>`1`.as('found');
    const build: BuildStatement = (next) => this.#from().select(found).where(this.#where.key(next));
    return this.#templates.statement('has', this.shape.keyValues(key), build, boundedRead);
  }

  /** As {@link RepositoryStatements.find}, from a place in the order on, which ends with the key then. */
  stream(query: RawQuery & RawPlace): Statement {
    const { after, cursor, ...found } = asQuery(query);
    return this.find(found, { after, cursor });
  }

  /** @param place where the rows begin. Default: with the first one. */
  find(query: RawQuery, place: RawPlace = BEGINNING): Statement {
    const { select: columns, where, orderBy, limit, offset, ...others } = asQuery(query);
    refuseUnknownOptions(others);
    const selection = parseSelection(this.shape, columns);
    const isSought = !isBeginning(place);
    const order = parseOrder(this.shape, orderBy);
    const terms = isSought ? totalOrder(this.shape, order) : order;
    const after = isSought ? rowsAfter(this.shape, terms, readPlace(this.shape, terms, place)) : undefined;
    // PostgreSQL takes OFFSET alone, SQLite only after a LIMIT.
    const most = limit ?? (offset === undefined ? undefined : Number.MAX_SAFE_INTEGER);
    const bounds = [
      ...(most === undefined ? [] : [wholeNumber('limit', most)]),
      ...(offset === undefined ? [] : [wholeNumber('offset', offset)]),
    ];
    const form = `${isSought ? 'seek' : 'find'} ${formOfOrder(terms)} ${bounds.length}`;
    const statement = this.#select(
      form,
      allOf([this.#where.parse(where), after]),
      (select, next) => {
        const ordered = this.#ordered(select, terms, isSought);
        const limited = most === undefined ? ordered : ordered.limit(next() as Expression<number>);
        return offset === undefined ? limited : limited.offset(next() as Expression<number>);
      },
      bounds,
      selection,
    );
    if (typeof limit !== 'number') return statement;
    const isBounded = offset === undefined && !isSought && isBoundedRead(this.shape, where, terms, limit);
    return { ...statement, isBounded, maxRows: limit };
  }

  /** Reads one page and one row more, which shows whether there is a next page. */
  page(query: RawQuery & { readonly size: unknown; readonly cursor?: unknown }): {
    readonly statement: Statement;
    readonly terms: readonly OrderTerm[];
    readonly size: number;
    readonly selection: Selection | undefined;
  } {
    const { select: columns, where, orderBy, size: rawSize, cursor, ...others } = asQuery(query);
    refuseUnknownOptions(others);
    const size = wholeNumber('size', rawSize);
    if (size === 0) throw invalidQuery('`size` must be at least 1');
    const terms = totalOrder(this.shape, parseOrder(this.shape, orderBy));
    const selection = parseSelection(
      this.shape,
      columns,
      terms.map(({ column }) => column),
    );
    const after =
      cursor === undefined ? undefined : rowsAfter(this.shape, terms, readCursor(this.shape, terms, cursor));
    const condition = allOf([this.#where.parse(where), after]);
    const statement = this.#select(
      `page ${formOfOrder(terms)}`,
      condition,
      (select, next) => this.#ordered(select, terms, true).limit(next() as Expression<number>),
      [size + 1],
      selection,
    );
    const isBounded = isBoundedRead(this.shape, where, terms, size);
    return { statement: { ...statement, isBounded, maxRows: size + 1 }, terms, size, selection };
  }

  count(filter: RawQuery): Statement {
    const { where, ...others } = asQuery(filter);
    refuseUnknownOptions(others);
    const condition = this.#where.parse(where);
    return this.#read('count', condition, (next) => {
      const counted = this.#from().select((eb) => eb.fn.countAll().as('rows'));
      return condition === undefined ? counted : counted.where(condition.build(next));
    });
  }

  insert(row: unknown): Statement {
    const encoded = this.#encoder.encode(row);
    const { form, values } = encoded;
    return this.#templates.statement(
      this.#insertForm(form),
      values,
      this.#buildInsert(form, 1, (insert) => this.#returning(insert)),
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
      .flatMap((run) => withoutRepeatedKeys(this.shape, run))
      .map((run) => this.#insertRun(run, conflict));
  }

  upsert(row: unknown, update: unknown): Statement {
    const { form, values } = this.#encoder.encode(row);
    this.#assertKeyGiven(form, values);
    const written = this.#written(form, update);
    const build = this.#buildInsert(form, 1, (insert, next) =>
      this.#returning(this.#updating(insert, written, next)),
    );
    return this.#templates.statement(
      `upsert (${form.id}) ${written.form}`,
      [...values, ...written.values],
      build,
    );
  }

  update(key: unknown, patch: unknown): Statement {
    const encoded = this.#patches.parse(patch);
    const values = [...encoded.values, ...this.shape.keyValues(key)];
    return this.#templates.statement(
      joined('update', encoded.form),
      values,
      (next) => this.#returning(this.#set(encoded, next).where(this.#where.key(next))),
      () => containedIf(encoded),
    );
  }

  updateMany(filter: RawQuery, patch: unknown): Statement {
    const { orderBy, limit, ...others } = asQuery(filter);
    if (orderBy !== undefined || limit !== undefined) {
      this.#assertBounded(filter);
      return this.#updateChosen('updateMany', filter, {}, patch);
    }
    const where = this.#requiredWhere(others);
    const encoded = this.#patches.parse(patch);
    return this.#templates.statement(
      joined('updateMany', encoded.form, where.form),
      [...encoded.values, ...where.values],
      (next) => this.#set(encoded, next).where(where.build(next)),
      () => containedIf(encoded, where),
    );
  }

  /** Updates the first row of the order, and returns it. */
  updateOne(query: RawQuery, patch: unknown): Statement {
    return this.#updateChosen('updateOne', query, { most: 1, isReturning: true }, patch);
  }

  /** Updates the first rows that no other transaction is changing, and returns them. */
  claim(query: RawQuery, patch: unknown): Statement {
    return this.#updateChosen('claim', query, { skipsLocked: true, isReturning: true }, patch);
  }

  delete(key: unknown): Statement {
    this.shape.assertWritable();
    const build: BuildStatement = (next) =>
      this.#kysely.deleteFrom(this.shape.name).where(this.#where.key(next));
    return this.#templates.statement('delete', this.shape.keyValues(key), build);
  }

  deleteMany(filter: RawQuery): Statement {
    const { orderBy, limit, ...others } = asQuery(filter);
    if (orderBy !== undefined || limit !== undefined) {
      this.#assertBounded(filter);
      return this.#deleteChosen('deleteMany', filter, {});
    }
    const where = this.#requiredWhere(others);
    return this.#templates.statement(
      joined('deleteMany', where.form),
      where.values,
      (next) => this.#kysely.deleteFrom(this.shape.name).where(where.build(next)),
      () => containedIf(where),
    );
  }

  /** Deletes the first row that no other transaction is changing, and returns it. */
  take(query: RawQuery): Statement {
    return this.#deleteChosen('take', query, { most: 1, skipsLocked: true, isReturning: true });
  }

  /** @throws UsageError `invalid_query` when `where`, or the limit of an order, is missing. */
  #assertBounded({ where, limit }: RawQuery): void {
    if (where === undefined) throw invalidQuery('`where` is missing; `where: {}` means every row');
    if (limit === undefined)
      throw invalidQuery('`orderBy` needs a `limit`; without one every row that matches is changed');
  }

  #updateChosen(method: string, query: RawQuery, how: Choice, patch: unknown): Statement {
    const chosen = this.#chosen(query, how);
    const encoded = this.#patches.parse(patch);
    return this.#templates.statement(
      joined(method, encoded.form, chosen.form),
      [...chosen.values, ...encoded.values],
      (next) => {
        const update = chosen.from(this.#kysely, next).updateTable(this.shape.name) as unknown as Update;
        const made = update.set(encoded.build(next)).where(chosen.isFound());
        return how.isReturning === true ? this.#returning(made) : made;
      },
      () => containedIf(encoded, chosen),
    );
  }

  #deleteChosen(method: string, query: RawQuery, how: Choice): Statement {
    const chosen = this.#chosen(query, how);
    return this.#templates.statement(
      joined(method, chosen.form),
      chosen.values,
      (next) => {
        const deletion = chosen.from(this.#kysely, next).deleteFrom(this.shape.name) as unknown as Delete;
        const made = deletion.where(chosen.isFound());
        return how.isReturning === true ? this.#returning(made) : made;
      },
      () => containedIf(chosen),
    );
  }

  #chosen(query: RawQuery, how: Choice): ChosenRows {
    const ordered = <Q>(select: Q, terms: readonly OrderTerm[]): Q =>
      this.#ordered(select as Select, terms) as Q;
    return parseChosenRows(this.shape, this.#where, ordered, query, how);
  }

  #from(): SelectQueryBuilder<AnyTables, string, object> {
    return this.#kysely.selectFrom(this.shape.name) as SelectQueryBuilder<AnyTables, string, object>;
  }

  /** All columns, or the selected ones. */
  #all(selection?: Selection): Select {
    if (selection !== undefined)
      return this.#from().select(this.shape.selection(selection.columns)) as unknown as Select;
    if (!this.shape.hasText) return this.#from().selectAll() as unknown as Select;
    return this.#from().select(this.shape.selection()) as unknown as Select;
  }

  /** With RETURNING for the whole row. */
  #returning<Q extends Delete | Insert | Update>(query: Q): Q {
    if (!this.shape.hasText) return query.returningAll() as Q;
    return (query as Insert).returning(this.shape.selection()) as unknown as Q;
  }

  #select(
    form: string,
    where: Condition | undefined,
    finish: (select: Select, next: NextValue) => Select,
    values: readonly unknown[] = [],
    selection?: Selection,
  ): Statement {
    return this.#read(
      selection === undefined ? form : form + selection.form,
      where,
      (next) => {
        const select = this.#all(selection);
        return finish(where === undefined ? select : select.where(where.build(next)), next);
      },
      values,
    );
  }

  /** A read with the condition `where`. The parts after the condition take `values`. */
  #read(
    form: string,
    where: Condition | undefined,
    build: BuildStatement,
    values: readonly unknown[] = [],
  ): Statement {
    // For an expression that a callback built, the query's tree decides whether it only reads.
    const traits = (): StatementTraits =>
      where === undefined || where.isPure ? { access: 'read', isContained: true } : {};
    return this.#templates.statement(
      formOf(form, where),
      [...(where?.values ?? []), ...values],
      build,
      traits,
    );
  }

  /** @param isPaged whether a cursor must find its place in the order again. */
  #ordered(query: Select, terms: readonly OrderTerm[], isPaged = false): Select {
    const eb = expressionBuilder<AnyTables, string>();
    return terms.reduce((select, term) => {
      const column: Expression<unknown> = eb.ref(this.shape.reference(term.column) as never);
      const by = isPaged
        ? this.shape.ordered(term.column, column)
        : this.shape.comparable(term.column, column);
      return select.orderBy(by, applyTerm(term));
    }, query);
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
    const given = form.columns.filter((column) => !this.shape.key.includes(column));
    const changed = update?.map((property: string) => this.shape.column(property)) ?? given;
    // When there is nothing to update, the key is set to itself, so that RETURNING returns the row.
    const columns: readonly ShapeColumn[] = changed.length > 0 ? changed : this.shape.key;
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
    const key = this.shape.key.map(({ property }) => property);
    return insert.onConflict((on) => on.columns(key).doUpdateSet(written.build(next, this.shape.name)));
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
      const insert = this.#kysely.insertInto(this.shape.name);
      if (columns.length === 0) return finish(insert.defaultValues(), next);
      const record = (): Record<string, Expression<unknown>> =>
        Object.fromEntries(columns.map(({ property }) => [property, next()]));
      return finish(insert.values(Array.from({ length: count }, record)), next);
    };
  }

  #insertionTraits({ columns }: RowForm, isReturning: boolean): StatementTraits {
    return columns.length === 0 || (isReturning && this.shape.hasText)
      ? { isContained: true }
      : { isContained: true, insertion: this.shape.insertion(columns, isReturning) };
  }

  #set(patch: EncodedPatch, next: NextValue): Update {
    const update = this.#kysely.updateTable(this.shape.name) as unknown as Update;
    return update.set(patch.build(next));
  }

  /** Parses `where`, which must be given: `where: {}` means every row. */
  #requiredWhere(filter: RawQuery): Condition {
    this.shape.assertWritable();
    const { where, ...others } = filter;
    refuseUnknownOptions(others);
    const condition = this.#where.parse(where);
    if (condition === undefined) throw invalidQuery('`where` is missing; `where: {}` means every row');
    return condition;
  }

  #assertKeyGiven({ columns }: RowForm, values: readonly unknown[]): void {
    const missing = this.shape.key.find((column) => (values[columns.indexOf(column)] ?? null) === null);
    if (missing === undefined) return;
    throw new UsageError(
      'invalid_key',
      `An upsert into "${this.shape.name}" needs its key "${missing.property}".`,
    );
  }
}

function unchanged(select: Select): Select {
  return select;
}

/** A statement is contained unless a callback built a part of it, which may call any function. */
function containedIf(...parts: readonly { readonly isPure: boolean }[]): StatementTraits {
  return { isContained: parts.every(({ isPure }) => isPure) };
}

/** The traits of a read of one row by its key. */
function boundedRead(): StatementTraits {
  return { access: 'read', isBounded: true, isContained: true, maxRows: 1 };
}

function formOf(form: string, where: Condition | undefined): string | undefined {
  return where === undefined ? form : joined(form, where.form);
}

/** The form of a statement with these parts; `undefined` when it cannot be cached because of one. */
function joined(method: string, ...forms: readonly (string | undefined)[]): string | undefined {
  return forms.includes(undefined) ? undefined : `${method} ${forms.join(' ')}`;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let at = 0; at < items.length; at += size) result.push(items.slice(at, at + size));
  return result;
}
