import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../contender.ts';
import type { Answers, Reply, Request } from './protocol.ts';

const HOST = fileURLToPath(new URL('./contender-host.ts', import.meta.url));

/** A process that holds one contender. */
export class ContenderProcess {
  readonly #child: ChildProcess;
  #pending: { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(env: NodeJS.ProcessEnv) {
    this.#child = fork(HOST, {
      env: { ...process.env, ...env, NODE_NO_WARNINGS: '1' },
      execArgv: ['--expose-gc'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (reply: Reply) => this.#pending?.resolve(reply));
    this.#child.on('exit', (code, signal) =>
      this.#pending?.reject(new Error(`its process ended (${signal ?? code})`)),
    );
  }

  get isAlive(): boolean {
    return this.#child.connected;
  }

  load(engine: Engine, name: string): Promise<Answers['load']> {
    return this.request({ kind: 'load', engine, name }, LOAD_TIMEOUT_MS);
  }

  /**
   * Sends a request and returns the answer. @throws Error if the process reports an error or does not answer in time; then the process is
   * ended.
   */
  async request<K extends Request['kind']>(
    request: Extract<Request, { kind: K }>,
    timeoutMs: number = ANSWER_TIMEOUT_MS,
  ): Promise<Answers[K]> {
    const reply = await new Promise<Reply>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#child.kill('SIGKILL');
        reject(new Error(`no answer within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      const settled = <T>(settle: (value: T) => void): ((value: T) => void) => {
        return (value) => {
          clearTimeout(timer);
          this.#pending = undefined;
          settle(value);
        };
      };
      this.#pending = { resolve: settled(resolve), reject: settled(reject) };
      if (this.#child.connected) this.#child.send(request);
      else this.#pending.reject(new Error('its process has ended'));
    });
    if (!reply.ok) throw new Error(reply.failure);
    return reply.answer as Answers[K];
  }

  /** Ends the process and waits until it has exited. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    await new Promise((resolve) => {
      this.#child.once('exit', resolve);
      this.#child.kill('SIGKILL');
    });
  }
}

const LOAD_TIMEOUT_MS = 60_000;
const ANSWER_TIMEOUT_MS = 90_000;
