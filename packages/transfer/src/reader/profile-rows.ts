import type Sqlite from 'better-sqlite3';
import { emptyProfile, familyOf, profileValue } from '../audit/column-profile.js';
import { quoteName } from '../sql/quote.js';
import type { SqliteValue } from '../values/encode-value.js';
import type { ProfileReading, TableProfile } from './reader-protocol.js';
import { ExactText, sourceRows } from './source-rows.js';
import type { RowidRange } from './table-reading.js';

/** Reads every value of a part of a table and sums up what they look like. `onRow` is called for each row. */
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
  for (const row of sourceRows(database, {
    ...table,
    columns: names,
    range,
    hasBigIntegers: true,
    batchRows: 1,
  })) {
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
