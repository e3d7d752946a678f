import { ValueError } from '@sluice/core/errors';
import type Sqlite from 'better-sqlite3';
import { type Finding, finding } from '../plan/finding.js';
import type { PostgresSession } from '../postgres/session.js';
import type { BackForeignKey } from './foreign-key.js';
import type { BackRows } from './rows.js';
import { type BackTable, keySql } from './table.js';

/** Finds the orphans of a table: rows that refer to a row that does not exist, or is in quarantine. */
export async function checkOrphans(
  session: PostgresSession,
  rows: BackRows,
  back: BackTable,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const key of rows.foreignKeysOf(back)) {
    const [found] = await session.query<{ count: string }>(rows.selectOrphans(key, 'count(*) as count'));
    const count = Number(found?.count);
    if (count === 0) continue;
    const first = await session.query<{ key: string }>(
      `${rows.selectOrphans(key, `${keySql(back.table)} as key`)} limit 5`,
    );
    findings.push(
      orphanFinding(
        key,
        count,
        first.map((row) => row.key),
      ),
    );
  }
  return findings;
}

function orphanFinding(
  { child, columns, parent, action }: BackForeignKey,
  count: number,
  keys: readonly string[],
): Finding {
  const message = `Foreign keys refer to rows of ${parent.table.name} that do not exist, or are in quarantine.`;
  const isKept = action === 'convert:not-valid';
  return finding({
    severity: 'problem',
    kind: 'orphan',
    table: child.table.name,
    column: columns.join(', '),
    count,
    keys,
    message: isKept ? `${message} ${KEPT}` : message,
    advice:
      'quarantine the rows, or convert:not-valid to keep them as they are, which SQLite allows until something checks the whole file',
    settledBy: isKept || action === 'quarantine' ? action : undefined,
  });
}

const KEPT =
  'The rows are kept, and the key is declared: PRAGMA foreign_key_check names them, and a migration that rebuilds a table is refused until they are mended.';

/**
 * Checks the foreign keys of the new file. It may have no orphans except those that a finding says are kept.
 *
 * @throws ValueError naming the first table and columns with other orphans.
 */
export function assertForeignKeys(database: Sqlite.Database, findings: readonly Finding[]): void {
  const kept = findings.filter(
    ({ kind, settledBy }) => kind === 'orphan' && settledBy === 'convert:not-valid',
  );
  const broken = database
    .prepare<[], { table: string; columns: string; count: number }>(BROKEN_KEYS)
    .all()
    .find(
      (key) =>
        !kept.some(
          ({ table, column, count }) => table === key.table && column === key.columns && count === key.count,
        ),
    );
  if (broken === undefined) return;
  throw new ValueError(
    `${broken.count} foreign keys of "${broken.table}" (${broken.columns}) would refer to no row in SQLite, which compares their values differently from PostgreSQL. Mend them, and begin again with --replace.`,
    { table: broken.table, column: broken.columns },
  );
}

const BROKEN_KEYS = `
  select broken."table", broken.count,
    (select group_concat("from", ', ' order by seq) from pragma_foreign_key_list(broken."table") where id = broken.fkid) as columns
  from (select "table", fkid, count(*) as count from pragma_foreign_key_check group by "table", fkid) broken`;
