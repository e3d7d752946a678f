import type { Row, Statement } from '@sluice/core';
import type Sqlite from 'better-sqlite3';
import type { Prepared } from '../thread/prepared.js';
import { toSafeNumber } from '../thread/run-statement.js';
import type { ThreadConnection } from '../thread/thread-connection.js';
import { isPlain } from '../values/codecs.js';
import { type BindValue, bindNative, bindPortable } from '../values/parameters.js';
import { type ColumnDecoder, decodersOf, decodeValue } from '../values/rows.js';
import { type SqliteValue, toBound } from '../values/sqlite-value.js';

/** A prepared statement that returns rows as objects. SQLite names their columns when the statement runs. */
export class InlineStatement {
  readonly #statement: Sqlite.Statement<unknown[], Row>;
  readonly #columns: readonly ColumnDecoder[];
  readonly #bind: BindValue;

  private constructor(
    statement: Sqlite.Statement<unknown[], Row>,
    columns: readonly ColumnDecoder[],
    bind: BindValue,
  ) {
    this.#statement = statement;
    this.#columns = columns;
    this.#bind = bind;
  }

  /** Prepares a statement. `undefined` when it must run on a reader thread, which also reports the contract's error if it is wrong. */
  static prepare(connection: ThreadConnection, sql: string): InlineStatement | undefined {
    const prepared = tryPrepare(connection, sql);
    if (prepared?.columns === undefined || !prepared.isReadonly) return undefined;
    const { columns, narrowed, statement } = prepared;
    if (hasAmbiguousNames(columns.names)) return undefined;
    const rows = statement.raw(false) as unknown as Sqlite.Statement<unknown[], Row>;
    const decoders = decodersOf(columns);
    if (!connection.isPortable) return new InlineStatement(rows, decoders, bindNative);
    const inline = decoders.map((decoder, index) => toInline(decoder, narrowed.includes(index)));
    return new InlineStatement(rows, inline, bind);
  }

  /**
   * Reads the rows. `undefined` when the statement must run on a reader thread, as in {@link InlineStatement.prepare}.
   *
   * @throws ValueError when a value does not belong to its column's type.
   */
  read(statement: Statement): Row[] | undefined {
    const rows = this.#tryRun(statement);
    if (rows === undefined) return undefined;
    for (const row of rows) {
      // Another process may have changed the schema since it was refreshed.
      if (!this.#decode(row)) return undefined;
    }
    return rows;
  }

  #tryRun({ parameters, maxRows }: Statement): Row[] | undefined {
    try {
      if (maxRows !== 1) return this.#statement.all(parameters.map(this.#bind));
      const row =
        parameters.length === 1
          ? this.#statement.get(this.#bind(parameters[0], 0))
          : this.#statement.get(parameters.map(this.#bind));
      return row === undefined ? [] : [row];
    } catch {
      return undefined;
    }
  }

  /** Decodes a row in place. False when the row's columns differ from those at preparation. */
  #decode(row: Row): boolean {
    const columns = this.#columns;
    let index = 0;
    for (const name in row) {
      const column = columns[index];
      if (column?.name !== name) return false;
      index += 1;
      const stored = row[name] as SqliteValue;
      if (stored === null || isPlain(stored, column.plain)) continue;
      row[name] = decodeValue(column, stored);
    }
    return index === columns.length;
  }
}

function tryPrepare(connection: ThreadConnection, sql: string): Prepared | undefined {
  try {
    return connection.prepare(sql);
  } catch {
    return undefined;
  }
}

/** Whether an object cannot hold the columns by name: a name is repeated, is `__proto__`, or is an index among others, which would change the order. */
function hasAmbiguousNames(names: readonly string[]): boolean {
  if (names.length === 1) return names[0] === '__proto__';
  return (
    new Set(names).size < names.length || names.some((name) => name === '__proto__' || /^\d+$/.test(name))
  );
}

/** Adds the conversions that a reader thread makes: integers become numbers where that is exact, and a Buffer becomes a plain Uint8Array. */
function toInline(decoder: ColumnDecoder, isNarrowed: boolean): ColumnDecoder {
  const { decode } = decoder;
  const narrow = (stored: NonNullable<SqliteValue>): NonNullable<SqliteValue> =>
    toSafeNumber(stored) ?? stored;
  return {
    ...decoder,
    decode: (stored, name) => plainBytes(decode(isNarrowed ? narrow(stored) : stored, name)),
  };
}

function plainBytes(value: unknown): unknown {
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}

function bind(value: unknown, index: number): SqliteValue {
  return toBound(bindPortable(value, index));
}
