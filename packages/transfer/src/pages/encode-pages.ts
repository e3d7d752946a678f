import type Sqlite from 'better-sqlite3';
import { type EncodeInput, mayUsePages } from '../reader/reader-protocol.js';
import type { RowidRange, TableReading } from '../reader/table-reading.js';
import { parseColumnType } from '../values/column-type.js';
import { PageRecord } from './page-record.js';
import { PageRows, type PageRowsSink } from './page-rows.js';
import type { PageSource } from './page-source.js';
import { readLayout, type TableLayout } from './table-layout.js';
import { IndexWalk, TableWalk } from './tree-walk.js';
import { isUnreadable } from './unreadable-pages-error.js';

/**
 * Encodes the rows of a part of a table from the pages of the file, in the order in which SQLite gives them. Gives the part that is left for
 * SQLite to read: none in the common case, and everything from the first page or row on that is not understood. `onRow` is called after
 * each row.
 */
export function encodePages(
  database: Sqlite.Database,
  pages: PageSource,
  input: EncodeInput,
  sink: PageRowsSink,
  onRow: () => void,
): { readonly range: RowidRange } | undefined {
  const layout = mayUsePages(input) ? readLayout(database, input.table.source) : undefined;
  if (layout === undefined || !covers(layout, input.table)) return input;
  const record = new PageRecord(pages, layout.columns.length);
  const rows = new PageRows(database, record, layout, input.table, sink);
  return layout.hasRowid
    ? encodeByRowid(pages, record, layout, rows, input, onRow)
    : encodeByKey(pages, record, layout, rows, input, onRow);
}

/** A plan that was written by hand may name what the table does not have; SQLite says so. */
function covers({ columns }: TableLayout, table: TableReading): boolean {
  return table.columns.every(({ source, type }) => {
    return columns.some(({ name }) => name === source) && parseColumnType(type) !== undefined;
  });
}

function encodeByRowid(
  pages: PageSource,
  record: PageRecord,
  layout: TableLayout,
  rows: PageRows,
  { range, table }: EncodeInput,
  onRow: () => void,
): { readonly range: RowidRange } | undefined {
  if (range === undefined || table.rowidName === undefined) return { range };
  const from = Number(range[0]);
  const to = Number(range[1]);
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to)) return { range };
  let next = from;
  let isReading = true;
  const walk = new TableWalk(pages, record, () => {
    rows.add();
    next = record.rowid + 1;
    isReading = false;
    onRow();
    isReading = true;
  });
  try {
    walk.walk(layout.rootPage, from, to);
    return undefined;
  } catch (error) {
    // What goes wrong on the way to the target is no matter of the pages.
    if (!isReading || !isUnreadable(error)) throw error;
    return next > to ? undefined : { range: [String(next), range[1]] };
  }
}

/** Between its rows such a table cannot be left to SQLite, so that all of it is looked at before the first is written. */
function encodeByKey(
  pages: PageSource,
  record: PageRecord,
  layout: TableLayout,
  rows: PageRows,
  { range }: EncodeInput,
  onRow: () => void,
): { readonly range: RowidRange } | undefined {
  try {
    new IndexWalk(pages, record, () => rows.assertKnown()).walk(layout.rootPage);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return { range };
  }
  const walk = new IndexWalk(pages, record, () => {
    rows.add();
    onRow();
  });
  walk.walk(layout.rootPage);
  return undefined;
}
