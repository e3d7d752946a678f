import {
  type DeleteQueryBuilder,
  type DeleteResult,
  type Expression,
  expressionBuilder,
  type Kysely,
  type KyselyPlugin,
  type SelectQueryBuilder,
  sql,
  type UpdateQueryBuilder,
  type UpdateResult,
} from 'kysely';
import type { DatabaseSql, Row, Statement } from '../driver/driver.js';
import { invalidQuery } from '../errors/invalid-query.js';
import type { UsageError } from '../errors/usage-errors.js';
import { isBoundedRead } from './bounded-read.js';
import { type ChosenRows, parseChosenRows } from './chosen-rows.js';
import { readCursor } from './cursor.js';
import { InsertStatements } from './insert-statements.js';
import { applyTerm, formOfOrder, type OrderTerm, parseOrder, rowsAfter, totalOrder } from './order.js';
import { type EncodedPatch, PatchParser } from './patch.js';
import { asQuery, type RawQuery, refuseUnknownOptions, wholeNumber } from './raw-query.js';
import { returning } from './returning.js';
import { RowEncoder } from './row-encoder.js';
import { BEGINNING, isBeginning, type RawPlace, readPlace } from './seek.js';
import { parseSelection, type Selection } from './selection.js';
import {
  type BuildStatement,
  type NextValue,
  StatementTemplates,
  type StatementTraits,
} from './statement-templates.js';
import type { TableShape } from './table-shape.js';
import { type AnyTables, allOf, type Condition, WhereParser } from './where.js';

type Select = SelectQueryBuilder<AnyTables, string, Row>;
type Update = UpdateQueryBuilder<AnyTables, string, string, UpdateResult | object>;
type Delete = DeleteQueryBuilder<AnyTables, string, DeleteResult | object>;

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
  readonly #patches: PatchParser;
  readonly #inserts: InsertStatements;

  constructor(
    shape: TableShape,
    kysely: Kysely<AnyTables>,
    databaseSql: DatabaseSql,
    plugins: readonly KyselyPlugin[],
    maxParameters: number,
  ) {
    this.shape = shape;
    const encoder = new RowEncoder(shape);
    const patches = new PatchParser(shape, encoder, databaseSql, plugins);
    const templates = this.#templates;
    this.#patches = patches;
    this.#inserts = new InsertStatements({ shape, kysely, templates, encoder, patches, maxParameters });
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
    return this.#inserts.insert(row);
  }

  /** @param onConflict the caller's. */
  insertMany(rows: readonly unknown[], onConflict?: unknown): Statement[] {
    return this.#inserts.insertMany(rows, onConflict);
  }

  /** @param update the caller's. */
  upsert(row: unknown, update: unknown): Statement {
    return this.#inserts.upsert(row, update);
  }

  update(key: unknown, patch: unknown): Statement {
    const encoded = this.#patches.parse(patch);
    const values = [...encoded.values, ...this.shape.keyValues(key)];
    return this.#templates.statement(
      joined('update', encoded.form),
      values,
      (next) => returning(this.shape, this.#set(encoded, next).where(this.#where.key(next))),
      () => containedIf(encoded),
    );
  }

  updateMany(filter: RawQuery, patch: unknown): Statement {
    if (isLimited(filter)) return this.#updateChosen('updateMany', filter, {}, patch);
    const where = this.#requiredWhere(filter);
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
    if (isLimited(filter)) return this.#deleteChosen('deleteMany', filter, {});
    const where = this.#requiredWhere(filter);
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

  #updateChosen(method: string, query: RawQuery, how: Choice, patch: unknown): Statement {
    const chosen = this.#chosen(query, how);
    const encoded = this.#patches.parse(patch);
    return this.#templates.statement(
      joined(method, encoded.form, chosen.form),
      [...chosen.values, ...encoded.values],
      (next) => {
        const update = chosen.from(this.#kysely, next).updateTable(this.shape.name) as unknown as Update;
        const made = update.set(encoded.build(next)).where(chosen.isFound());
        return how.isReturning === true ? returning(this.shape, made) : made;
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
        return how.isReturning === true ? returning(this.shape, made) : made;
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

  #set(patch: EncodedPatch, next: NextValue): Update {
    const update = this.#kysely.updateTable(this.shape.name) as unknown as Update;
    return update.set(patch.build(next));
  }

  /** Parses `where`, which must be given: `where: {}` means every row. */
  #requiredWhere(filter: RawQuery): Condition {
    this.shape.assertWritable();
    const { where, orderBy: _, limit: __, ...others } = filter;
    refuseUnknownOptions(others);
    const condition = this.#where.parse(where);
    if (condition === undefined) throw whereMissing();
    return condition;
  }
}

/** Whether a call on many rows takes only the first ones. @throws UsageError `invalid_query` when `where`, or the limit of an order, is missing. */
function isLimited(filter: RawQuery): boolean {
  const { where, orderBy, limit } = asQuery(filter);
  if (orderBy === undefined && limit === undefined) return false;
  if (where === undefined) throw whereMissing();
  if (limit === undefined)
    throw invalidQuery('`orderBy` needs a `limit`; without one every row that matches is changed');
  return true;
}

function whereMissing(): UsageError {
  return invalidQuery('`where` is missing; `where: {}` means every row');
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
