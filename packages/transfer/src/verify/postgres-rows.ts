import { bucketOf, HashSums } from '../hash/hash-sums.js';
import type { PostgresSession } from '../postgres/session.js';
import { type OnTuple, TupleScanner } from '../postgres/tuple-scanner.js';
import { foundRow } from '../reader/find-rows.js';
import type { FoundRow } from '../reader/reader-protocol.js';
import { rowCounter } from '../reader/row-counter.js';

/** Sums up the hashes of the rows that a COPY returns. Their first `keyCount` columns are the key. */
export async function hashPostgresTable(
  session: PostgresSession,
  copySql: string,
  keyCount: number,
  onProgress?: (rows: number) => void,
): Promise<HashSums> {
  const sums = new HashSums();
  const onRow = rowCounter(onProgress);
  await scan(session, copySql, keyCount, (bytes, from, keyEnd, to) => {
    sums.add(bytes, from + 2, keyEnd, to);
    onRow();
  });
  return sums;
}

/** Finds the rows of some buckets, up to a limit. */
export async function findPostgresRows(
  session: PostgresSession,
  copySql: string,
  keyCount: number,
  buckets: ReadonlySet<number>,
  limit: number,
): Promise<FoundRow[]> {
  const found: FoundRow[] = [];
  await scan(session, copySql, keyCount, (bytes, from, keyEnd, to) => {
    if (found.length >= limit || !buckets.has(bucketOf(bytes, from + 2, keyEnd))) return;
    const tuple = bytes.subarray(from, to);
    found.push(foundRow(tuple, keyEnd - from, to - from));
  });
  return found;
}

async function scan(
  session: PostgresSession,
  copySql: string,
  keyCount: number,
  onTuple: OnTuple,
): Promise<void> {
  const scanner = new TupleScanner(keyCount, onTuple);
  for await (const chunk of session.copyOut(copySql)) scanner.push(chunk);
}
