import type { Row, Statement } from '@sluice/core';
import type Sqlite from 'better-sqlite3';
import { toSafeNumber } from '../thread/run-statement.js';
import { type Prepared, type ThreadConnection, toBound } from '../thread/thread-connection.js';
import { bindPortable } from '../values/parameters.js';
import { type ColumnDecoder, decodersOf, decodeValue, isPlain } from '../values/rows.js';
import type { SqliteValue } from '../values/sqlite-value.js';

/** A statement prepared to give objects: they carry the names that the columns have when it is run. */
export class InlineStatement {
  readonly #statement: Sqlite.Statement<unknown[], Row>;
  readonly #columns: readonly ColumnDecoder[];

  private constructor(statement: Sqlite.Statement<unknown[], Row>, columns: readonly ColumnDecoder[]) {
    this.#statement = statement;
    this.#columns = columns;
  }

  /** `undefined` for what a thread has to look at: if it fails, it does so there as well, and is told in the words of the contract. */
  static prepare(connection: ThreadConnection, sql: string): InlineStatement | undefined {
    const prepared = tryPrepare(connection, sql);
    if (prepared?.columns === undefined || !prepared.isReadonly) return undefined;
    const { columns, narrowed, statement } = prepared;
    if (hasAmbiguousNames(columns.names)) return undefined;
    const inline = decodersOf(columns).map((decoder, index) => toInline(decoder, narrowed.includes(index)));
    return new InlineStatement(statement.raw(false) as unknown as Sqlite.Statement<unknown[], Row>, inline);
  }

  /**
   * `undefined` for what a thread has to look at, as in {@link InlineStatement.prepare}.
   *
   * @throws ValueError when a value cannot be given as its column's type.
   */
  read(statement: Statement): Row[] | undefined {
    const rows = this.#tryRun(statement);
    if (rows === undefined) return undefined;
    for (const row of rows) {
      // Another process may have changed the schema since it was looked at.
      if (!this.#decode(row)) return undefined;
    }
    return rows;
  }

  #tryRun({ parameters, maxRows }: Statement): Row[] | undefined {
    try {
      if (maxRows !== 1) return this.#statement.all(parameters.map(bind));
      const row =
        parameters.length === 1
          ? this.#statement.get(bind(parameters[0], 0))
          : this.#statement.get(parameters.map(bind));
      return row === undefined ? [] : [row];
    } catch {
      return undefined;
    }
  }

  /** Decodes in place. False when the row has other columns than its statement had when it was prepared. */
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

/** Names that an object cannot have, not twice, or not in their order. */
function hasAmbiguousNames(names: readonly string[]): boolean {
  return (
    new Set(names).size < names.length || names.some((name) => name === '__proto__' || /^\d+$/.test(name))
  );
}

/** What a message between threads does to a value besides: whole numbers come as numbers where they are exact, bytes without a Buffer. */
function toInline(decoder: ColumnDecoder, isNarrowed: boolean): ColumnDecoder {
  const { decode } = decoder;
  const narrow = (stored: NonNullable<SqliteValue>): NonNullable<SqliteValue> =>
    toSafeNumber(stored) ?? stored;
  return { ...decoder, decode: (stored) => plainBytes(decode(isNarrowed ? narrow(stored) : stored)) };
}

function plainBytes(value: unknown): unknown {
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}

function bind(value: unknown, index: number): SqliteValue {
  return toBound(bindPortable(value, index));
}
