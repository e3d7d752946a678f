import { type ChildProcess, fork } from 'node:child_process';
import type { Failure } from '../errors/failure.js';
import { toFailure } from '../errors/failure.js';
import { ownModule } from '../file/own-module.js';
import type { ProcessReply, ProcessRequest } from './process-protocol.js';
import type { CallFlags, RemoteConnection } from './remote-connection.js';
import type { CallResult, OnPart } from './sqlite-thread.js';
import type { ConnectionOptions, ThreadRequest } from './thread-protocol.js';

/** How long a statement may continue after its caller was cancelled, before its process is killed. Most end at their next row. */
const GRACE_MS = 100;

interface Call {
  readonly id: number;
  readonly op: ThreadRequest['op'];
  readonly settle: (result: CallResult) => void;
  readonly onPart: OnPart | undefined;
  kill: NodeJS.Timeout | undefined;
}

/**
 * The calling side of a connection in a process of its own. When its caller is cancelled and SQLite does not return, the process is killed: the system
 * then releases its locks, and the next writer passes over what it had not committed. It keeps this process alive only while a call is in flight.
 *
 * It serves `begin`, `run`, `read`, `commit` and `rollback`. Only `commit` commits, so until that is sent it is certain that nothing is.
 */
export class SqliteProcess implements RemoteConnection {
  readonly flags: CallFlags;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #opened = Promise.withResolvers<Failure | undefined>();
  #call: Call | undefined;
  #calls = 0;
  #hasClaimed = false;
  #cause: unknown;
  #isAlive = true;
  #wasKilled = false;

  /**
   * Starts a process whose thread runs the module `entry`, and opens its connection.
   *
   * @returns the reason, when that fails; the process has then ended.
   */
  static async start(entry: URL, options: ConnectionOptions): Promise<SqliteProcess | Failure> {
    let started: SqliteProcess;
    try {
      started = new SqliteProcess(options.role);
    } catch (error) {
      // Not allowed to start processes, or too many of them.
      return toFailure(error, 'run');
    }
    const failure = await started.#open(entry, options);
    if (failure === undefined) return started;
    await started.kill();
    return failure;
  }

  private constructor(role: string) {
    const isWaitingForLock = (): boolean => this.#call?.op === 'begin';
    this.flags = {
      cancel: () => this.#cancel(),
      addCredit: () => this.#tell('credit'),
      isClaimed: () => this.#hasClaimed,
      get isWaitingForLock() {
        return isWaitingForLock();
      },
    };
    this.#child = fork(ownModule('thread/process-host.js'), [`sluice-sqlite-${role}`], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message) => this.#receive(message as ProcessReply));
    this.#ended = new Promise((resolve) => {
      const end = (cause: unknown): void => {
        this.#lose(cause);
        resolve();
      };
      this.#child.once('exit', (code, signal) =>
        end(new Error(`The process of the connection ended: ${signal ?? `exit code ${code}`}.`)),
      );
      // It could not be started. Later errors are those of sending to a process that has ended.
      this.#child.on('error', (error) => {
        if (this.#child.pid === undefined) end(error);
      });
    });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Whether it was killed because a statement did not end. */
  get wasKilled(): boolean {
    return this.#wasKilled;
  }

  /** Resolves when the process has ended. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  call(request: ThreadRequest, onPart?: OnPart): Promise<CallResult> {
    if (!this.#isAlive) return Promise.resolve({ kind: 'lost', cause: this.#cause });
    return new Promise((settle) => {
      this.#calls += 1;
      this.#hasClaimed = request.op === 'commit';
      this.#call = { id: this.#calls, op: request.op, settle, onPart, kill: undefined };
      this.#ref();
      this.#send({ kind: 'call', id: this.#calls, request });
    });
  }

  /** Ends the process, and resolves when it has ended. An open transaction is undone. */
  kill(): Promise<void> {
    this.#child.ref();
    this.#child.kill('SIGKILL');
    return this.#ended;
  }

  async #open(entry: URL, { files, ...options }: ConnectionOptions): Promise<Failure | undefined> {
    this.#send({
      kind: 'open',
      entry: entry.href,
      options: { ...options, identity: files.identity },
    });
    const failure = await this.#opened.promise;
    this.#unref();
    return failure;
  }

  #cancel(): boolean {
    const call = this.#call;
    if (call === undefined) return true;
    if (call.op === 'commit') return false;
    this.#tell('cancel');
    call.kill ??= setTimeout(() => {
      this.#wasKilled = true;
      void this.kill();
    }, GRACE_MS);
    return true;
  }

  #tell(kind: 'cancel' | 'credit'): void {
    if (this.#call !== undefined) this.#send({ kind, id: this.#call.id });
  }

  /** Without a callback, a message to a process that has ended would be an uncaught error. Its end settles the call. */
  #send(message: ProcessRequest): void {
    this.#child.send(message, () => {});
  }

  #receive(message: ProcessReply): void {
    if (message.kind === 'opened') this.#opened.resolve(message.failure);
    else if (message.kind === 'part') this.#call?.onPart?.(message.part, message.member);
    else this.#settle(message.result);
  }

  #lose(cause: unknown): void {
    this.#isAlive = false;
    this.#cause = cause;
    this.#opened.resolve(toFailure(cause, 'run'));
    this.#settle({ kind: 'lost', cause });
  }

  #settle(result: CallResult): void {
    const call = this.#call;
    this.#call = undefined;
    clearTimeout(call?.kill);
    this.#unref();
    call?.settle(result);
  }

  #ref(): void {
    this.#child.ref();
    this.#child.channel?.ref();
  }

  #unref(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }
}
