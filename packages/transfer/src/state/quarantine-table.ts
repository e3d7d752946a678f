/** Columns of the quarantine table, on both engines. `content` is the whole row as JSON, without loss. */
const COLUMNS = ['table_name', 'row_key', 'column_name', 'reason', 'content'] as const;

/** A row in quarantine. `row_key` is the key as a report prints it. */
export type QuarantinedRow = Readonly<Record<(typeof COLUMNS)[number], string>>;

/** The columns, for COPY and INSERT. */
export const QUARANTINE_COLUMNS: string = COLUMNS.join(', ');

/** CREATE TABLE for the quarantine; `contentType` is the engine's type for JSON. */
export function createQuarantineSql(name: string, contentType: 'json' | 'text'): string {
  const columns = COLUMNS.map(
    (column) => `${column} ${column === 'content' ? contentType : 'text'} not null`,
  );
  return `create table ${name} (${columns.join(', ')})`;
}

/** The values of a row in the order of {@link QUARANTINE_COLUMNS}. */
export function quarantineValues(row: QuarantinedRow): string[] {
  return COLUMNS.map((column) => row[column]);
}
