import { existsSync } from 'node:fs';
import { type Failure, isBusy, toFailure } from '../errors/failure.js';
import { ThreadConnection } from './thread-connection.js';
import { ThreadFlags } from './thread-flags.js';
import { closePort, sendReply, serveRequests, start } from './thread-port.js';
import {
  type ConnectionOptions,
  DONE,
  type Outcome,
  type ThreadReply,
  type ThreadRequest,
} from './thread-protocol.js';

/** What a thread does for each request but `open` and `close`, which are the same for all. */
export type Serve = (
  request: Exclude<ThreadRequest, { op: 'open' | 'close' }>,
  connection: ThreadConnection,
  flags: ThreadFlags,
) => ThreadReply | Promise<ThreadReply>;

/** Looks at each reply before it is sent, and may change it. */
export interface ReplyWatch {
  complete(answered: ThreadReply, connection: ThreadConnection): ThreadReply;
}

const OPEN_RETRY_MS = 5;

/**
 * Answers the requests of the calling thread, one at a time. What throws here ends the thread: the caller learns that it is lost and
 * starts another, rather than go on with a connection in an unknown state.
 *
 * @param createWatch Called when the connection is opened, in a thread whose replies are watched.
 */
export function serveThread(serve: Serve, createWatch?: (options: ConnectionOptions) => ReplyWatch): void {
  const flags = new ThreadFlags(start.flags);
  let connection: ThreadConnection | undefined;
  let watch: ReplyWatch | undefined;

  const answer = async (request: ThreadRequest): Promise<void> => {
    if (request.op === 'open') {
      const opened = open(request.options, flags);
      if (opened instanceof ThreadConnection) connection = opened;
      watch = createWatch?.(request.options);
      reply(opened instanceof ThreadConnection ? DONE : { kind: 'failure', failure: opened });
    } else if (request.op === 'close') {
      connection?.close();
      reply(DONE);
      closePort();
    } else {
      if (connection === undefined)
        throw new Error(`The thread was asked to ${request.op} before it was opened.`);
      const answered = await serve(request, connection, flags);
      const reply = watch?.complete(answered, connection) ?? answered;
      sendReply(reply, connection.preparedCounts);
    }
  };
  serveRequests(answer, flags);
}

function reply(outcome: Outcome): void {
  sendReply({ outcomes: [outcome] });
}

/** Opens the file, waiting for another process that is recovering it or switching it to WAL. */
function open(options: ConnectionOptions, flags: ThreadFlags): ThreadConnection | Failure {
  const deadline = performance.now() + options.openTimeoutMs;
  for (;;) {
    const opened = tryOpen(options);
    if (opened instanceof ThreadConnection || !isBusy(opened)) return opened;
    // Whoever has the file open in WAL mode has a WAL.
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

/** SQLite opens a file it may not write as read-only, and says so at the first write: this one, which is taken back. */
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
