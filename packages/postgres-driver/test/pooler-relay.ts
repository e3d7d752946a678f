import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll } from 'vitest';

/** When a fault happens to a request: before the server gets it, while it executes it, or after it has answered, which the client does not learn. */
export type FaultMoment = 'unsent' | 'running' | 'answered';

/** How a fault looks to the client. */
export interface FaultShape {
  /** The fields of an ErrorResponse; without them the connection ends with no word. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Whether the connection stays open, with a ReadyForQuery after the error. */
  readonly isKept?: boolean;
}

/** A fault of the next request whose bytes match. */
export interface Fault {
  readonly pattern: RegExp;
  readonly moment: FaultMoment;
  readonly shape: FaultShape;
}

/**
 * `transparent`: as a network. `session`: as a pooler, with cancel keys of its own. `transaction`: as a pooler that lends a session for one
 * transaction, the one that was returned last, and passes the names of prepared statements on.
 */
export type RelayMode = 'session' | 'transaction' | 'transparent';

/** What is between a driver and its server, and fails as poolers do. */
export interface PoolerRelay {
  /** The server's URL, through the relay. */
  readonly url: string;
  /** The fault to come; `undefined` once it has happened. */
  fault: Fault | undefined;
  /** Whether the server has answered everything it was sent. */
  readonly isQuiet: boolean;
}

const cleanUps: (() => void)[] = [];

afterAll(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** Starts a relay to the server of `serverUrl`, without TLS; it ends with the test file. */
export async function startPoolerRelay(
  serverUrl: string,
  mode: RelayMode = 'transparent',
): Promise<PoolerRelay> {
  const { hostname, port } = new URL(serverUrl);
  const relay = new Relay(() => connect(Number(port), hostname), mode);
  const server = createServer((socket) => relay.accept(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => {
    server.close();
    relay.end();
  });
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(relay, { url: url.href });
}

const CANCEL_REQUEST = 80_877_102;

class Relay {
  fault: Fault | undefined;
  readonly mode: RelayMode;
  readonly #dial: () => Socket;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerSession>();
  /** The sessions that nobody uses, in transaction mode; the last one was returned last. */
  readonly #idle: ServerSession[] = [];
  readonly #waiting: Frontend[] = [];

  constructor(dial: () => Socket, mode: RelayMode) {
    this.#dial = dial;
    this.mode = mode;
  }

  get isQuiet(): boolean {
    return [...this.#sessions].every((session) => session.isQuiet);
  }

  accept(socket: Socket): void {
    this.#keep(socket);
    socket.once('data', (first: Buffer) => {
      if (first.readInt32BE(4) === CANCEL_REQUEST) {
        this.#keep(this.#dial())
          .on('close', () => socket.destroy())
          .end(first);
        return;
      }
      const session = new ServerSession(this.#keep(this.#dial()), this);
      this.#sessions.add(session);
      new Frontend(socket, session, this).begin(first);
    });
  }

  /** Takes a session back; `isUsable` says whether another client may have it. */
  release(session: ServerSession, isUsable: boolean): void {
    if (!isUsable) {
      session.destroy();
      this.#sessions.delete(session);
      return;
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(session);
    else next.lend(session);
  }

  /** Lends a session now or later. */
  request(frontend: Frontend): void {
    const session = this.#idle.pop();
    if (session === undefined) this.#waiting.push(frontend);
    else frontend.lend(session);
  }

  /** The fault of this request, if there is one. */
  takeFault(request: Buffer): Fault | undefined {
    const { fault } = this;
    if (fault === undefined || !fault.pattern.test(request.toString('latin1'))) return undefined;
    this.fault = undefined;
    return fault;
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    return socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
  }
}

/** One client's connection. */
class Frontend {
  readonly #socket: Socket;
  readonly #relay: Relay;
  #session: ServerSession | undefined;
  #hasBegun = false;
  /** The messages since the last Sync. */
  #request: Buffer[] = [];
  /** The requests that wait for a session. */
  #queued: Buffer[] = [];

  constructor(socket: Socket, session: ServerSession, relay: Relay) {
    this.#socket = socket;
    this.#session = session;
    this.#relay = relay;
    const frames = new Frames((frame) => this.#take(frame));
    socket.on('data', (bytes) => frames.take(bytes));
    socket.on('close', () => this.#leave());
  }

  begin(startup: Buffer): void {
    this.#session?.lendTo(this);
    this.#session?.forward(startup);
  }

  lend(session: ServerSession): void {
    this.#session = session;
    session.lendTo(this);
    for (const request of this.#queued.splice(0)) this.#send(request);
  }

  /** Passes a message of the server on. */
  answer(frame: Buffer): void {
    const isKey = frame[0] === 'K'.charCodeAt(0) && this.#relay.mode !== 'transparent';
    if (isKey) frame.writeInt32BE(1_000_000 + frame.readInt32BE(5), 5);
    this.#socket.write(frame);
  }

  /** The server has answered everything it was sent. @param isIdle whether its session is outside a transaction. */
  answered(isIdle: boolean): void {
    this.#hasBegun = true;
    if (this.#relay.mode !== 'transaction' || !isIdle || this.#session === undefined) return;
    const session = this.#session;
    this.#session = undefined;
    this.#relay.release(session, true);
  }

  /** Ends the exchange as `shape` says. The session is then of no use to anybody. */
  fail({ fields, isKept }: FaultShape): void {
    this.#session = undefined;
    if (fields === undefined) {
      this.#socket.resetAndDestroy();
      return;
    }
    this.#socket.write(
      message(
        'E',
        `${Object.entries(fields)
          .map((field) => `${field.join('')}\0`)
          .join('')}\0`,
      ),
    );
    if (isKept) this.#socket.write(message('Z', 'I'));
    else this.#socket.end();
  }

  #take(frame: Buffer): void {
    const type = String.fromCharCode(frame[0] ?? 0);
    if (type === 'X') return;
    if (!this.#hasBegun) {
      this.#session?.forward(frame);
      return;
    }
    this.#request.push(frame);
    if (type !== 'S' && type !== 'Q') return;
    const request = Buffer.concat(this.#request.splice(0));
    if (this.#session !== undefined) this.#send(request);
    else if (this.#relay.mode !== 'transaction') this.#socket.destroy();
    else {
      this.#queued.push(request);
      if (this.#queued.length === 1) this.#relay.request(this);
    }
  }

  #send(request: Buffer): void {
    this.#session?.send(request, this.#relay.takeFault(request));
  }

  #leave(): void {
    const session = this.#session;
    this.#session = undefined;
    if (session !== undefined) this.#relay.release(session, false);
  }
}

/** One session of the server. */
class ServerSession {
  readonly #socket: Socket;
  readonly #relay: Relay;
  #frontend: Frontend | undefined;
  /** The requests that the server has not answered, with their faults. */
  readonly #pending: (Fault | undefined)[] = [undefined];

  constructor(socket: Socket, relay: Relay) {
    this.#socket = socket;
    this.#relay = relay;
    const frames = new Frames((frame) => this.#take(frame));
    socket.on('data', (bytes) => frames.take(bytes));
    socket.on('close', () => {
      this.#pending.length = 0;
      this.#frontend?.fail({});
    });
  }

  get isQuiet(): boolean {
    return this.#pending.length === 0;
  }

  lendTo(frontend: Frontend): void {
    this.#frontend = frontend;
  }

  forward(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  send(request: Buffer, fault: Fault | undefined): void {
    this.#pending.push(fault);
    if (fault?.moment !== 'unsent') this.forward(request);
    if (this.#pending.length === 1) this.#failEarly();
  }

  destroy(): void {
    this.#frontend = undefined;
    if (this.isQuiet) this.#socket.destroy();
  }

  #take(frame: Buffer): void {
    const [fault] = this.#pending;
    if (fault === undefined) this.#frontend?.answer(frame);
    if (frame[0] !== 'Z'.charCodeAt(0)) return;
    this.#pending.shift();
    if (fault?.moment === 'answered') this.#fail(fault);
    if (fault !== undefined || this.#frontend === undefined) this.#relay.release(this, false);
    else if (this.isQuiet) this.#frontend.answered(frame[5] === 'I'.charCodeAt(0));
    else this.#failEarly();
  }

  /** The client gets the error when it is its turn, before the answer of the server. */
  #failEarly(): void {
    const [fault] = this.#pending;
    if (fault === undefined || fault.moment === 'answered') return;
    this.#fail(fault);
    if (fault.moment === 'running') return;
    this.#pending.shift();
    this.#relay.release(this, false);
  }

  #fail({ shape }: Fault): void {
    this.#frontend?.fail(shape);
    this.#frontend = undefined;
  }
}

/** Splits a stream into messages: a type, a length that includes itself, and a body. */
class Frames {
  readonly #onFrame: (frame: Buffer) => void;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= 5) {
      const length = 1 + this.#bytes.readInt32BE(1);
      if (this.#bytes.length < length) return;
      const frame = this.#bytes.subarray(0, length);
      this.#bytes = this.#bytes.subarray(length);
      this.#onFrame(frame);
    }
  }
}

function message(type: string, body: string): Buffer {
  const bytes = Buffer.alloc(5 + Buffer.byteLength(body));
  bytes.write(type, 0);
  bytes.writeInt32BE(bytes.length - 1, 1);
  bytes.write(body, 5);
  return bytes;
}
