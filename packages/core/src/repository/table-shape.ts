import { type AliasedExpression, type Expression, expressionBuilder } from 'kysely';
import type { CatalogColumn, CatalogTable } from '../catalog/catalog.js';
import { encodeForeign } from '../dialect/encode-foreign.js';
import type { DatabaseSql, Row, RowInsertion, RowLookup } from '../driver/driver.js';
import { invalidQuery } from '../errors/invalid-query.js';
import { UsageError } from '../errors/usage-errors.js';
import { type Naming, sameNaming } from '../naming/naming.js';
import { checkValue } from '../values/check-value.js';
import { scaledText } from '../values/scaled-text.js';

/** One column as a repository sees it. */
export interface ShapeColumn extends CatalogColumn {
  /** The application's name of the column. */
  readonly property: string;
  /** Whether the repository has the column as the engine's text, which it is not without a cast. */
  readonly isText?: true;
}

/** Which columns a repository has in another form, by the application's names; it may come untyped. */
export type ColumnForms = Readonly<Record<string, unknown>>;

/** A table as a repository sees it: its columns under the application's names, and its key. It checks and encodes the values of the columns. */
export class TableShape {
  /** The application's name of the table. */
  readonly name: string;
  /** The columns by the application's names, in the table's order. */
  readonly columns: ReadonlyMap<string, ShapeColumn>;
  readonly key: readonly ShapeColumn[];
  /** The table as the database declares it. */
  readonly table: CatalogTable;
  /** The table as the repository has it; {@link TableShape.table} unless it has columns as text. */
  readonly seen: CatalogTable;
  readonly #naming: Naming;
  readonly #sql: DatabaseSql;
  /** The application's names of the columns, by the database's; `undefined` when all are the same. */
  readonly #properties: Map<string, string> | undefined;

  /** @param forms the columns that the repository has as text. */
  constructor(
    name: string,
    table: CatalogTable,
    key: readonly string[],
    naming: Naming,
    sql: DatabaseSql,
    forms: ColumnForms = {},
  ) {
    this.name = name;
    this.table = table;
    this.#naming = naming;
    this.#sql = sql;
    const columns = [...table.columns.values()].map((column) => {
      const property = naming.toProperty(column.name);
      return {
        ...column,
        property,
        ...(Object.hasOwn(forms, property) ? this.#asText(column, forms[property]) : {}),
      };
    });
    this.columns = new Map(columns.map((column) => [column.property, column]));
    for (const property of Object.keys(forms)) this.column(property);
    this.seen = this.hasText
      ? { ...table, columns: new Map(columns.map((column) => [column.name, column])) }
      : table;
    this.#properties =
      naming === sameNaming ? undefined : new Map(columns.map(({ name, property }) => [name, property]));
    this.key = key.map((property) => this.column(property));
    this.#assertKey(table);
  }

  /** Whether the repository has columns as text. */
  get hasText(): boolean {
    return [...this.columns.values()].some(({ isText }) => isText === true);
  }

  /** Whether the engine alone knows which keys are equal: the key has a column whose type is not the contract's. */
  get hasForeignKey(): boolean {
    return this.key.some(({ type }) => type === undefined);
  }

  /** Checks that the repository may write. @throws UsageError `invalid_query` for one of a view. */
  assertWritable(): void {
    if (this.table.isView)
      throw invalidQuery(
        `"${this.name}" is a view, and a repository of a view only reads; write to the tables that it reads`,
      );
  }

  /** The column with this name in the application. @throws UsageError `unknown_column`. */
  column(property: string): ShapeColumn {
    const column = this.columns.get(property);
    if (column !== undefined) return column;
    const known = [...this.columns.keys()].join(', ');
    throw new UsageError(
      'unknown_column',
      `Table "${this.name}" has no column "${property}". It has: ${known}.`,
    );
  }

  /** Describes, to the driver, the reading of one row by the key. */
  lookup(): RowLookup {
    return { ...this.#place(), key: this.key };
  }

  /** Describes, to the driver, the insertion of rows with these columns. */
  insertion(columns: readonly ShapeColumn[], isReturning: boolean): RowInsertion {
    return { ...this.#place(), columns, key: this.key, row: [...this.columns.values()], isReturning };
  }

  /** Checks a value that is stored in the column, and encodes it as a parameter. @throws ValueError. */
  encode(column: ShapeColumn, value: unknown): unknown {
    const place = { table: this.name, column: column.property };
    if (column.type === undefined) return encodeForeign(this.#sql, column, value, place);
    return this.#sql.encode(checkValue(value, column.type, place), column.type);
  }

  /**
   * Checks and encodes a value that is compared with the column. The column's length and precision do not apply to it: a number that a scaled column has no
   * whole number for stays decimal text. @throws ValueError.
   */
  encodeOperand(column: ShapeColumn, value: unknown): unknown {
    if (column.type?.isScaled === true && value !== null) return this.#scaledOperand(column, value);
    return this.encode(
      column.type === undefined ? column : { ...column, type: { name: column.type.name } },
      value,
    );
  }

  #scaledOperand(column: ShapeColumn, value: unknown): unknown {
    const { scale = 0 } = column.type ?? {};
    const place = { table: this.name, column: column.property };
    const text = String(checkValue(value, { name: 'numeric' }, place));
    const scaled = scaledText(text, scale);
    return scaled === undefined ? text : this.#sql.encode(scaled, { name: 'numeric', scale, isScaled: true });
  }

  /** Whether the value, which {@link TableShape.encodeOperand} gave, is compared with the column's decimal text. */
  isTextOperand({ type }: ShapeColumn, value: unknown): boolean {
    return type?.isScaled === true && typeof value === 'string';
  }

  /** Builds what stands for a scaled column where it is compared with {@link TableShape.comparableText}. */
  comparableColumnText({ type }: ShapeColumn, column: Expression<unknown>): Expression<unknown> {
    return this.comparableText(this.#sql.stored?.unscaled(column, type?.scale ?? 0) ?? column);
  }

  /** Builds what stands for the decimal text of a number in comparisons. */
  comparableText(text: Expression<unknown>): Expression<unknown> {
    return this.#sql.comparable?.(text, { name: 'numeric' }) ?? text;
  }

  /** Builds the expression that stands for the column, or for a value compared with it, in comparisons and orders. */
  comparable(column: ShapeColumn, expression: Expression<unknown>): Expression<unknown> {
    if (column.type === undefined || this.#sql.comparable === undefined) return expression;
    return this.#sql.comparable(expression, column.type);
  }

  /** How ORDER BY names the column: with its table where the result has a column of the same name that is another one. */
  reference({ property, isText }: ShapeColumn): string {
    return isText === true ? `${this.name}.${property}` : property;
  }

  /** Builds what a statement selects or returns for these columns, by the application's names. Default: all, in the table's order. */
  selection(
    columns: readonly ShapeColumn[] = [...this.columns.values()],
  ): AliasedExpression<unknown, string>[] {
    const eb = expressionBuilder<Record<string, Record<string, unknown>>, string>();
    return columns.map(({ property, isText }) => {
      const column = eb.ref(property);
      return (isText === true ? eb.cast<string>(column, 'text') : column).as(property);
    });
  }

  /** Builds what rows are ordered by where a cursor must find its place again: as the application sees the column, without microseconds. */
  ordered(column: ShapeColumn, expression: Expression<unknown>): Expression<unknown> {
    const whole = column.type?.hasMicroseconds === true ? this.#sql.milliseconds?.(expression) : undefined;
    return whole ?? this.comparable(column, expression);
  }

  /** Gives the columns of rows from the database the application's names. */
  toRows(rows: readonly Row[]): readonly Row[] {
    return this.#properties === undefined ? rows : rows.map((row) => this.toRow(row));
  }

  /** Gives the columns of a row from the database the application's names. */
  toRow(row: Row): Row {
    if (this.#properties === undefined) return row;
    const named: Row = {};
    // The table may have gained columns, or lost some, since it was read.
    for (const name of Object.keys(row)) named[this.#property(name)] = row[name];
    return named;
  }

  /** The encoded values of a key, one for each key column. @throws UsageError `invalid_key`; ValueError. */
  keyValues(key: unknown): unknown[] {
    const [only, ...others] = this.key;
    if (only === undefined) throw this.#keyError('it has no columns');
    if (others.length === 0 && !isKeyObject(key)) return [this.#keyValue(only, key)];
    if (!isKeyObject(key)) throw this.#keyError(`give an object with ${this.#keyNames()}`);
    for (const name of Object.keys(key)) {
      if (!this.key.some((column) => column.property === name))
        throw this.#keyError(`"${name}" is not part of it`);
    }
    return this.key.map((column) =>
      this.#keyValue(column, Object.hasOwn(key, column.property) ? key[column.property] : null),
    );
  }

  /** What the column is as text. @throws UsageError `invalid_query`. */
  #asText(
    { name, type, foreign }: CatalogColumn,
    form: unknown,
  ): Pick<ShapeColumn, 'foreign' | 'isText' | 'type'> {
    const property = this.#naming.toProperty(name);
    if (form !== 'text') throw invalidQuery(`\`as\` of "${property}" is 'text'`);
    if (type?.hasMicroseconds === true || foreign?.value === 'Date')
      return { type: undefined, foreign: { value: 'string' }, isText: true };
    throw invalidQuery(
      `"${property}" of "${this.name}" is no time that a Date cannot hold, so it is not had as text; leave it out of \`as\``,
    );
  }

  #place(): Pick<RowLookup, 'schema' | 'table'> {
    const { name, place } = this.table;
    return place === undefined || place.table === name ? { table: name } : place;
  }

  #property(name: string): string {
    const known = this.#properties?.get(name);
    if (known !== undefined) return known;
    const property = this.#naming.toProperty(name);
    this.#properties?.set(name, property);
    return property;
  }

  #keyValue(column: ShapeColumn, value: unknown): unknown {
    if (value === undefined || value === null) throw this.#keyError(`"${column.property}" has no value`);
    return this.encode(column, value);
  }

  #keyNames(): string {
    return this.key.map((column) => `"${column.property}"`).join(', ');
  }

  #keyError(why: string): UsageError {
    return new UsageError('invalid_key', `The key of "${this.name}" is ${this.#keyNames()}: ${why}.`);
  }

  /** Checks that the key identifies one row: it is the primary key or a unique key. A view has none, so there the application's word is taken. */
  #assertKey(table: CatalogTable): void {
    const finer = this.key.find(({ type }) => type?.hasMicroseconds === true);
    if (finer !== undefined)
      throw new UsageError(
        'invalid_key',
        `"${finer.property}" of "${this.name}" holds microseconds, which a Date does not carry, so it cannot identify a row. Have it as text, \`as: { ${finer.property}: 'text' }\`, use another key, or make it timestamptz(3).`,
      );
    const names = this.key
      .map((column) => column.name)
      .sort()
      .join();
    if (table.isView && names !== '') return;
    const candidates = [table.primaryKey, ...table.uniqueKeys];
    if (names !== '' && candidates.some((candidate) => [...candidate].sort().join() === names)) return;
    const offered = candidates
      .filter((candidate) => candidate.length > 0)
      .map((candidate) => `(${candidate.join(', ')})`);
    throw new UsageError(
      'invalid_key',
      `(${this.#keyNames()}) is no primary or unique key of "${this.name}", so it cannot identify a row. ` +
        (offered.length > 0
          ? `It has: ${[...new Set(offered)].join(', ')}.`
          : 'It has none; add one in a migration.'),
    );
  }
}

function isKeyObject(key: unknown): key is Readonly<Record<string, unknown>> {
  return typeof key === 'object' && key !== null && !(key instanceof Date) && !(key instanceof Uint8Array);
}
