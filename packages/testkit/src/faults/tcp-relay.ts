import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { forward } from './forward.js';
import { Gate } from './gate.js';

/** Where a relay leads to. */
export interface TcpTarget {
  /** Default: `127.0.0.1`. */
  readonly host?: string;
  readonly port: number;
}

/** A network cable in software, on 127.0.0.1, that a test can pull, pinch and stretch. */
export interface TcpRelay extends AsyncDisposable {
  /** Stays the same for the life of the relay, also when the target moves. */
  readonly port: number;
  /** Added to the way of what arrives from now on, in each direction, in milliseconds. Default: 0. */
  delayMs: number;
  /** Number of client connections that are open now. */
  readonly connectionCount: number;
  /** The same URL with the relay's address: user, password, database and parameters stay. */
  url(originalUrl: string): string;
  /** Resets every connection at once, and every new one as it comes, until `resume`. What was under way is lost. Ends `pause`. */
  cut(): void;
  /** Keeps every connection open and passes nothing on, in either direction, until `resume`. Nothing is lost. Ends `cut`. */
  pause(): void;
  /** Ends `cut` and `pause`. */
  resume(): void;
  /** Resets what is open and gives up the port. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a relay on a free port.
 *
 * @param target a URL, an address, or a function that is asked for the address at each new connection, for a server
 * that comes back on another port.
 */
export async function startTcpRelay(target: string | TcpTarget | (() => TcpTarget)): Promise<TcpRelay> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new Relay(server, typeof target === 'function' ? target : () => addressOf(target));
}

function addressOf(target: string | TcpTarget): TcpTarget {
  if (typeof target !== 'string') return target;
  const { hostname, port } = new URL(target);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 5432) };
}

interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
}

class Relay implements TcpRelay {
  readonly port: number;
  delayMs = 0;
  readonly #server: Server;
  readonly #target: () => TcpTarget;
  readonly #gate: Gate = new Gate();
  readonly #links = new Set<Link>();
  #isCut = false;

  constructor(server: Server, target: () => TcpTarget) {
    const address = server.address();
    this.port = address !== null && typeof address === 'object' ? address.port : 0;
    this.#server = server;
    this.#target = target;
    server.on('connection', (client) => this.#accept(client));
  }

  get connectionCount(): number {
    return this.#links.size;
  }

  url(originalUrl: string): string {
    const url = new URL(originalUrl);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  cut(): void {
    this.#isCut = true;
    // Both ends before the gate opens, so that nothing it held back slips through.
    for (const { client, upstream } of this.#links) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
    this.#gate.open();
  }

  pause(): void {
    this.#isCut = false;
    this.#gate.shut();
  }

  resume(): void {
    this.#isCut = false;
    this.#gate.open();
  }

  async close(): Promise<void> {
    this.cut();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(client: Socket): void {
    client.on('error', () => {}); // 'close' follows and tells the other side.
    if (this.#isCut) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ host: '127.0.0.1', allowHalfOpen: true, noDelay: true, ...this.#target() });
    upstream.on('error', () => {});
    const link: Link = { client, upstream };
    this.#links.add(link);
    client.once('close', () => this.#links.delete(link));
    this.#join(client, upstream);
    this.#join(upstream, client);
  }

  #join(source: Socket, sink: Socket): void {
    forward(source, sink, this.#gate, () => this.delayMs);
    // An orderly end is passed on behind the bytes before it. A side that dies is news of its own, and even that does
    // not travel through a gate that is shut.
    source.once('close', (hadError) => {
      if (hadError) void this.#gate.pass().then(() => sink.resetAndDestroy());
    });
  }
}
