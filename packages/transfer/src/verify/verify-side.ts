import type { HashSums } from '../hash/hash-sums.js';
import type { PostgresSession } from '../postgres/session.js';
import { copyOutSql } from '../postgres/table-sql.js';
import { addUp, addUpMisfits } from '../reader/encoded-sums.js';
import type { ReaderPool } from '../reader/reader-pool.js';
import type { FoundRow, Misfits } from '../reader/reader-protocol.js';
import type { TableReading } from '../reader/table-reading.js';
import { findPostgresRows, hashPostgresTable } from './postgres-rows.js';

/** Hashes of the rows that fit the column types of the comparison, and the values that do not fit. */
export interface HashedTable {
  readonly sums: HashSums;
  readonly misfits: readonly Misfits[];
}

/** One side of a comparison. */
export interface VerifySide {
  readonly hash: (table: TableReading, onProgress?: (rows: number) => void) => Promise<HashedTable>;
  /** Finds the rows of some buckets, up to a limit. */
  readonly find: (table: TableReading, buckets: ReadonlySet<number>, limit: number) => Promise<FoundRow[]>;
}

/** Whether a side still has the rows whose hashes are `known`. If so, a table that was copied from it need not be copied again. */
export async function isUnchanged(side: VerifySide, table: TableReading, known: HashSums): Promise<boolean> {
  const { sums, misfits } = await side.hash(table);
  return misfits.length === 0 && sums.differences(known).size === 0;
}

/** A side in PostgreSQL. `copySql` returns the COPY that reads a table; the default reads the columns as they are. */
export function postgresSide(
  session: PostgresSession,
  copySql: (table: TableReading) => string = copyOutOf,
): VerifySide {
  return {
    hash: async (table, onProgress) => ({
      sums: await hashPostgresTable(session, copySql(table), table.keyCount, onProgress),
      misfits: [],
    }),
    find: (table, buckets, limit) =>
      findPostgresRows(session, copySql(table), table.keyCount, buckets, limit),
  };
}

function copyOutOf({ target, columns }: TableReading): string {
  return copyOutSql(
    target,
    columns.map((column) => column.target),
  );
}

/** A side in SQLite. */
export function sqliteSide(pool: ReaderPool): VerifySide {
  return {
    hash: async (table, onProgress) => {
      const results = await pool.encode({ table, mode: 'hash', isSummed: true }, { onProgress });
      return { sums: addUp(results), misfits: addUpMisfits(results) };
    },
    find: async (table, buckets, limit) => [
      ...(await pool.run('find', { table, range: undefined, buckets: [...buckets], limit })),
    ],
  };
}
