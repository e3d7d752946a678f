import type { FoundRow } from '../reader/reader-protocol.js';
import type { TableReading } from '../reader/table-reading.js';
import { parseColumnType } from '../values/column-type.js';
import { printField } from '../values/decode-value.js';

/** A row that differs between the two sides, or is on one side only. */
export interface RowDifference {
  readonly kind: 'changed' | 'extra' | 'missing';
  /** The key, or the whole row in a table without a key. */
  readonly key: string;
  /** The columns that differ, with the values of both sides. */
  readonly columns: readonly { readonly name: string; readonly source: string; readonly target: string }[];
}

/** Pairs the rows of both sides by key. Equal rows cancel each other out, one for one. */
export function compareRows(
  table: TableReading,
  source: readonly FoundRow[],
  target: readonly FoundRow[],
): RowDifference[] {
  const left = withoutCommon(source, target);
  const right = withoutCommon(target, source);
  const byKey = Map.groupBy(right, ({ key }) => key);
  const differences: RowDifference[] = [];
  for (const row of left) {
    const other = table.keyCount === 0 ? undefined : byKey.get(row.key)?.shift();
    const kind = other === undefined ? 'missing' : 'changed';
    differences.push({ kind, key: printKey(table, row), columns: differingColumns(table, row, other) });
  }
  const unpaired = [...byKey.values()].flat();
  for (const row of unpaired) differences.push({ kind: 'extra', key: printKey(table, row), columns: [] });
  return differences;
}

function withoutCommon(rows: readonly FoundRow[], others: readonly FoundRow[]): FoundRow[] {
  const counts = new Map<string, number>();
  for (const row of others) counts.set(idOf(row), (counts.get(idOf(row)) ?? 0) + 1);
  return rows.filter((row) => {
    const count = counts.get(idOf(row)) ?? 0;
    if (count > 0) counts.set(idOf(row), count - 1);
    return count === 0;
  });
}

function idOf({ key, hash }: FoundRow): string {
  return `${key} ${hash}`;
}

function printKey(table: TableReading, row: FoundRow): string {
  const count = table.keyCount === 0 ? table.columns.length : table.keyCount;
  return table.columns
    .slice(0, count)
    .map(
      ({ target, type }, index) =>
        `${target} = ${printField(parseColumnType(type), row.fields[index] ?? null)}`,
    )
    .join(', ');
}

function differingColumns(
  table: TableReading,
  row: FoundRow,
  other: FoundRow | undefined,
): RowDifference['columns'] {
  if (other === undefined) return [];
  return table.columns.flatMap(({ target: name, type }, index) => {
    const left = row.fields[index] ?? null;
    const right = other.fields[index] ?? null;
    if (left === right) return [];
    const parsed = parseColumnType(type);
    return [{ name, source: printField(parsed, left), target: printField(parsed, right) }];
  });
}
