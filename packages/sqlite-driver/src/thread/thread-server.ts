import { existsSync } from 'node:fs';
import { type Failure, isBusy, toFailure } from '../errors/failure.js';
import { ThreadConnection } from './thread-connection.js';
import { ThreadFlags } from './thread-flags.js';
import { sendReply, serveRequests, start } from './thread-port.js';
import {
  type ConnectionOptions,
  DONE,
  type Outcome,
  type ThreadReply,
  type ThreadRequest,
} from './thread-protocol.js';

/** Serves every request except `open` and `close`, which are the same for all threads. */
export type Serve = (
  request: Exclude<ThreadRequest, { op: 'open' | 'close' }>,
  connection: ThreadConnection,
  flags: ThreadFlags,
) => ThreadReply | Promise<ThreadReply>;

/** Sees each reply before it is sent, and may replace it. */
export interface ReplyWatch {
  complete(answered: ThreadReply, connection: ThreadConnection): ThreadReply;
}

const OPEN_RETRY_MS = 5;

/**
 * Serves the requests of the calling thread, one at a time. An exception ends the thread, because its connection is then in an unknown state;
 * the caller is informed and starts another thread.
 *
 * @param createWatch Creates the watch of the replies, when the connection is opened.
 */
export function serveThread(serve: Serve, createWatch?: () => ReplyWatch): void {
  const flags = new ThreadFlags(start.flags);
  let connection: ThreadConnection | undefined;
  let watch: ReplyWatch | undefined;

  const answer = async (request: ThreadRequest): Promise<void> => {
    if (request.op === 'open') {
      const opened = open(request.options, flags);
      if (opened instanceof ThreadConnection) connection = opened;
      watch = createWatch?.();
      reply(opened instanceof ThreadConnection ? DONE : { kind: 'failure', failure: opened });
    } else if (request.op === 'close') {
      connection?.close();
      connection = undefined;
      reply(DONE);
    } else {
      if (connection === undefined)
        throw new Error(`The thread was asked to ${request.op} before it was opened.`);
      const answered = await serve(request, connection, flags);
      const reply = watch?.complete(answered, connection) ?? answered;
      sendReply(reply, connection.preparedCounts);
      connection = connection.renewed();
    }
  };
  serveRequests(answer, flags);
}

function reply(outcome: Outcome): void {
  sendReply({ outcomes: [outcome] });
}

/** Opens the file. Retries until the timeout while another process recovers the WAL or switches the file to WAL mode. */
function open(options: ConnectionOptions, flags: ThreadFlags): ThreadConnection | Failure {
  const deadline = performance.now() + options.openTimeoutMs;
  for (;;) {
    const opened = tryOpen(options);
    if (opened instanceof ThreadConnection || !isBusy(opened)) return opened;
    // Without a -wal file, no process has the file open in WAL mode.
    if (performance.now() > deadline)
      return { ...opened, isRollbackJournal: !existsSync(`${options.path}-wal`) };
    flags.sleepWhile(() => true, OPEN_RETRY_MS);
  }
}

function tryOpen(options: ConnectionOptions): ThreadConnection | Failure {
  let connection: ThreadConnection | undefined;
  try {
    connection = ThreadConnection.open(options);
    if (options.role === 'writer') proveWritable(connection);
    return connection;
  } catch (error) {
    connection?.close();
    return toFailure(error, 'open');
  }
}

/** Writes, and rolls back. SQLite opens a file without write permission as read-only and reports it only at the first write. */
function proveWritable(connection: ThreadConnection): void {
  try {
    connection.control('begin immediate');
    connection.rewriteHeader();
  } catch (error) {
    if (!isBusy(toFailure(error, 'open'))) throw error;
  } finally {
    connection.rollback();
  }
}
