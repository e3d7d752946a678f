import { parentPort, workerData } from 'node:worker_threads';
import { TupleWriter } from '@sluice/postgres-driver/copy';
import Sqlite from 'better-sqlite3';
import { readSourceSchema } from '../source/read-schema.js';
import { quoteName } from '../sql/quote.js';
import type { SqliteValue } from '../values/encode-value.js';
import { ChunkSender } from './chunk-sender.js';
import { encodeRows } from './encode-rows.js';
import { findRows } from './find-rows.js';
import { profileRows } from './profile-rows.js';
import type {
  EncodedRows,
  EncodeInput,
  ReaderFailure,
  ReaderMessage,
  ReaderRequest,
  ReaderStart,
  ReaderTaskName,
  ReaderTasks,
} from './reader-protocol.js';
import { losslessValue } from './rejected-row.js';
import { rowCounter } from './row-counter.js';
import type { RowidRange } from './table-reading.js';
import { lowerPriority } from './thread-priority.js';

/** How long a reader waits for a lock that the application holds. */
const BUSY_MS = 10_000;

const sender = new ChunkSender(workerData as ReaderStart);
let database: Sqlite.Database | undefined;
let monitor: Sqlite.Database | undefined;

type Handlers = {
  readonly [Task in ReaderTaskName]: (
    input: ReaderTasks[Task]['input'],
    id: number,
  ) => ReaderTasks[Task]['output'];
};

const handlers: Handlers = {
  open: ({ path, hasMonitor }) => {
    database = open(path);
    if (hasMonitor) monitor = open(path);
    return null;
  },
  version: () => Number(monitor?.pragma('data_version', { simple: true })),
  begin: () => {
    source().exec('begin');
    // The first read takes the snapshot.
    source().prepare('select count(*) from sqlite_schema').get();
    return null;
  },
  rollback: () => {
    if (source().inTransaction) source().exec('rollback');
    return null;
  },
  schema: () => readSourceSchema(source()),
  span: ({ table, rowidName }) => span(table, rowidName),
  profile: ({ table, range }, id) => profileRows(source(), table, range, progress(id)),
  encode: (input, id) => encode(input, id),
  find: (input, id) => findRows(source(), input, progress(id)),
  query: ({ sql, limit, isLossless = false }) => {
    const rows: unknown[][] = [];
    const statement = source().prepare<unknown[], SqliteValue[]>(sql).raw().safeIntegers(isLossless);
    for (const row of statement.iterate()) {
      rows.push(isLossless ? row.map(losslessValue) : row);
      if (rows.length >= limit) break;
    }
    return rows;
  },
};

parentPort?.on('message', ({ id, task, input }: ReaderRequest) => {
  try {
    // The protocol pairs each task with its input.
    const output = (handlers[task] as (input: unknown, id: number) => unknown)(input, id);
    post({ id, kind: 'result', output });
  } catch (error) {
    post({ id, kind: 'error', error: toFailure(error) });
  }
});

function open(path: string): Sqlite.Database {
  const opened = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: BUSY_MS });
  opened.pragma('query_only = on');
  // A view or index may call a function with side effects; the schema of a foreign file is not trusted.
  opened.pragma('trusted_schema = off');
  return opened;
}

function source(): Sqlite.Database {
  if (database === undefined) throw new Error('The reader is not open.');
  return database;
}

function span(table: string, rowidName: string): RowidRange {
  const row = source()
    .prepare<unknown[], [bigint | null, bigint | null]>(
      `select (select ${rowidName} from ${quoteName(table)} order by ${rowidName} limit 1), (select ${rowidName} from ${quoteName(table)} order by ${rowidName} desc limit 1)`,
    )
    .raw()
    .safeIntegers()
    .get();
  const [from = null, to = null] = row ?? [];
  return from === null || to === null ? undefined : [String(from), String(to)];
}

function encode(input: EncodeInput, id: number): EncodedRows {
  if (input.isLowPriority) lowerPriority();
  const sends = input.mode === 'copy' || input.mode === 'rejects';
  const out = sends ? sender.begin() : new TupleWriter();
  const report = progress(id);
  const onRow = sends
    ? () => {
        sender.flush(id, out, false);
        report();
      }
    : report;
  const result = encodeRows(source(), input, { out, onRow });
  if (sends) finishChunks(id, out);
  return result;
}

/** Sends the rest, or returns an unused buffer. */
function finishChunks(id: number, out: TupleWriter): void {
  if (out.position > 0) sender.flush(id, out, true);
  else sender.release(id, out);
}

/** Reports progress, and checks for cancellation each time. */
function progress(id: number): () => void {
  return rowCounter((rows) => {
    sender.assertNotCancelled();
    post({ id, kind: 'progress', rows });
  });
}

function post(message: ReaderMessage): void {
  parentPort?.postMessage(message);
}

function toFailure(error: unknown): ReaderFailure {
  const { message, code } = error as { message?: unknown; code?: unknown };
  return { message: String(message ?? error), code: typeof code === 'string' ? code : undefined };
}
