import { existsSync } from 'node:fs';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { WriterWatch } from '../wal/writer-watch.js';
import { post } from './result-sink.js';
import { SpinBudget } from './spin-budget.js';
import { ThreadConnection } from './thread-connection.js';
import { isBusy, toFailure } from './thread-failure.js';
import { type SharedFlags, ThreadFlags } from './thread-flags.js';
import {
  type ConnectionOptions,
  DONE,
  type Failure,
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

const OPEN_RETRY_MS = 5;

/** How long a thread sleeps on shared memory before it goes back to its event loop. */
const LINGER_MS = 5;

/** How long it watches shared memory before it sleeps. */
const SPIN_MS = 0.1;

/**
 * Answers the requests of the calling thread, one at a time. What throws here ends the thread: the caller learns that it is lost and
 * starts another, rather than go on with a connection in an unknown state.
 */
export function serveThread(serve: Serve): void {
  const flags = new ThreadFlags(workerData as SharedFlags);
  const spin = new SpinBudget();
  let connection: ThreadConnection | undefined;
  /** The writer's. */
  let watch: WriterWatch | undefined;

  const answer = async (request: ThreadRequest): Promise<void> => {
    if (request.op === 'open') {
      const opened = open(request.options, flags);
      if (opened instanceof ThreadConnection) connection = opened;
      if (request.options.role === 'writer') watch = new WriterWatch(request.options.path);
      reply(opened instanceof ThreadConnection ? DONE : { kind: 'failure', failure: opened });
    } else if (request.op === 'close') {
      connection?.close();
      reply(DONE);
      parentPort?.close();
    } else {
      if (connection === undefined)
        throw new Error(`The thread was asked to ${request.op} before it was opened.`);
      const answered = await serve(request, connection, flags);
      const reply = watch?.complete(answered, connection) ?? answered;
      post({ kind: 'reply', reply, prepared: connection.preparedCounts });
    }
  };
  parentPort?.on('message', async (request: ThreadRequest) => {
    for (
      let next: ThreadRequest | undefined = request;
      next !== undefined;
      next = lingerForNext(next, flags, spin)
    )
      await answer(next);
  });
}

/**
 * The next request, if it comes soon. A thread that sleeps on shared memory wakes in a fraction of the time that its event loop takes, and the
 * next statement of a transaction, or the next group, follows at once.
 */
function lingerForNext(
  { op }: ThreadRequest,
  flags: ThreadFlags,
  spin: SpinBudget,
): ThreadRequest | undefined {
  if (op === 'close' || parentPort === null) return undefined;
  const until = performance.now() + LINGER_MS;
  for (let left = LINGER_MS; left > 0; left = until - performance.now()) {
    const { news } = flags;
    const received = receiveMessageOnPort(parentPort);
    if (received !== undefined) return received.message as ThreadRequest;
    if (!seesNews(flags, news, spin)) flags.sleepSince(news, left);
  }
  return undefined;
}

/** Watches shared memory for a moment. True when there is something new. */
function seesNews(flags: ThreadFlags, news: number, spin: SpinBudget): boolean {
  if (!spin.take()) return false;
  const until = performance.now() + SPIN_MS;
  let isNew = false;
  while (!isNew && performance.now() < until) {
    for (let looks = 0; looks < 100 && !isNew; looks += 1) isNew = flags.news !== news;
  }
  spin.note(isNew);
  return isNew;
}

function reply(outcome: Outcome): void {
  post({ kind: 'reply', reply: { outcomes: [outcome] } });
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
