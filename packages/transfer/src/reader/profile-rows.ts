import type Sqlite from 'better-sqlite3';
import { quoteName } from '../sql/quote.js';
import type { SqliteValue } from '../values/encode-value.js';
import { batchRowsFor } from './batch-rows.js';
import { emptyProfile, familyOf, profileValue } from './column-profile.js';
import type { ProfileReading, TableProfile } from './reader-protocol.js';
import { ExactText, sourceRows } from './source-rows.js';
import type { RowidRange } from './table-reading.js';

/** Reads every value of a part of a table and profiles its columns. Calls `onRow` for each row. */
export function profileRows(
  database: Sqlite.Database,
  table: ProfileReading,
  range: RowidRange,
  onRow: () => void,
): TableProfile {
  const names = table.columns.map(({ name }) => name);
  const families = table.columns.map(({ declaredType }) => familyOf(declaredType));
  const profiles = names.map(emptyProfile);
  const keys = table.rowidName === undefined ? table.keyColumns.map(quoteName) : [table.rowidName];
  const exact = new ExactText(database, table.source, keys);
  const keyIndexes = table.keyColumns.map((key) => names.indexOf(key) + 1);
  let rows = 0;
  const batchRows = batchRowsFor(largestRow(database, table, range));
  const selection = { ...table, columns: names, range, hasBigIntegers: true, batchRows };
  for (const row of sourceRows(database, selection)) {
    rows += 1;
    onRow();
    for (let index = 0; index < profiles.length; index += 1) {
      const value = row[index + 1] as SqliteValue;
      const profile = profiles[index];
      const family = families[index];
      if (profile === undefined || family === undefined) continue;
      profileValue(profile, value, family, isInvalid(value, index));
    }
    function isInvalid(value: SqliteValue, index: number): boolean {
      if (typeof value !== 'string' || !value.includes('\uFFFD')) return false;
      const key = table.rowidName === undefined ? keyIndexes.map((at) => row[at] ?? null) : [row[0] ?? null];
      return exact.invalidBytes(names[index] ?? '', key) !== undefined;
    }
  }
  return { rows, columns: profiles };
}

/** Size of the largest row at most. SQLite reads the sizes of values without loading them. */
function largestRow(database: Sqlite.Database, table: ProfileReading, range: RowidRange): number {
  const sizes = table.columns.map(({ name }) => {
    const column = quoteName(name);
    return `coalesce(max(iif(typeof(${column}) in ('text', 'blob'), octet_length(${column}), 8)), 0)`;
  });
  const part = range === undefined ? '' : ` not indexed where ${table.rowidName} between ? and ?`;
  let bytes = 0;
  for (let from = 0; from < sizes.length; from += COLUMNS_AT_ONCE) {
    const some = sizes.slice(from, from + COLUMNS_AT_ONCE).join(' + ');
    const statement = database.prepare<unknown[], number>(
      `select ${some} from ${quoteName(table.source)}${part}`,
    );
    bytes += statement.pluck().get(...(range ?? []).map(BigInt)) ?? 0;
  }
  return bytes;
}

/** SQLite limits the depth of an expression to 1,000. */
const COLUMNS_AT_ONCE = 500;
