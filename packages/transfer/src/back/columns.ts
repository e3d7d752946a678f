import type { PostgresSession } from '../postgres/session.js';
import type { PostgresColumn, PostgresTable } from '../postgres/tables.js';
import type { ColumnReading } from '../reader/table-reading.js';
import { quoteName } from '../sql/quote.js';
import { type ColumnType, parseColumnType } from '../values/column-type.js';
import type { ValueForm } from '../values/encode-value.js';
import { scaleInFile } from '../values/scaled-numeric.js';

/** A column to move from PostgreSQL to SQLite. */
export interface BackColumn {
  readonly name: string;
  /** SQL expression that selects the column. */
  readonly select: string;
  /** Type of the expression. */
  readonly type: ColumnType;
  readonly typeText: string;
  /** The portable type that the SQLite driver declares. */
  readonly portable: string;
  readonly source: PostgresColumn;
  /** How the column differs from the source; `undefined` when it does not. */
  readonly note: string | undefined;
}

/** Chooses the columns of the new file: types of the contract as the SQLite driver declares them, other types as text. */
export function backColumns(session: PostgresSession, table: PostgresTable): Promise<BackColumn[]> {
  return Promise.all(table.columns.map((column) => backColumn(session, table, column)));
}

async function backColumn(
  session: PostgresSession,
  table: PostgresTable,
  source: PostgresColumn,
): Promise<BackColumn> {
  const { name, type: typeText } = source;
  const type = parseColumnType(typeText);
  const select = quoteName(name);
  if (type === undefined || (type.name === 'timestamptz' && (await hasMicroseconds(session, table, name)))) {
    const why = type === undefined ? typeText : `${typeText} with microseconds`;
    return {
      name,
      select: `${select}::text`,
      type: { name: 'text' },
      typeText: 'text',
      portable: 'text',
      source,
      note: `${why}: stored as text`,
    };
  }
  const note = type.name === 'timestamp' ? 'a timestamp without a zone: stored as text' : undefined;
  return { name, select, type, typeText, portable: portableName(type, typeText), source, note };
}

/** Whether a timestamptz column has values that do not fit in milliseconds, the precision in SQLite. */
async function hasMicroseconds(
  session: PostgresSession,
  table: PostgresTable,
  column: string,
): Promise<boolean> {
  const name = quoteName(column);
  const [row] = await session.query<{ exists: boolean }>(
    `select exists (select 1 from ${quoteName(table.name)} where isfinite(${name}) and date_trunc('milliseconds', ${name}) <> ${name})`,
  );
  return row?.exists === true;
}

function portableName({ name, length, precision, scale }: ColumnType, typeText: string): string {
  if (name === 'timestamp') return 'text';
  if (name === 'real') return 'double precision';
  if (name === 'timestamptz') return 'timestamptz';
  if (name === 'varchar') return length === undefined ? 'varchar' : `varchar(${length})`;
  if (name === 'numeric') return precision === undefined ? 'numeric' : `numeric(${precision}, ${scale ?? 0})`;
  return name === 'any' ? typeText : name;
}

/** How to read the column in the new file, for the comparison. */
export function readingOfBack({
  name,
  type,
  typeText,
}: BackColumn): Pick<ColumnReading, 'form' | 'source' | 'type'> {
  return { source: name, type: typeText, form: formOf(type) };
}

function formOf(type: ColumnType): ValueForm {
  const scale = scaleInFile(type);
  if (scale !== undefined) return `scaled-${scale}`;
  const { name } = type;
  if (name === 'timestamptz') return 'epoch-ms';
  return name === 'date' || name === 'timestamp' ? 'iso' : 'plain';
}
