import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { forward } from './forward.js';
import { Pause } from './pause.js';

/** The address to which a relay forwards. */
export interface TcpTarget {
  /** Default: `127.0.0.1`. */
  readonly host?: string;
  readonly port: number;
}

/** What {@link TcpRelay.swallow} drops. Default: `both`. */
export type SwallowedDirection = 'both' | 'to client' | 'to server';

/** A TCP relay on 127.0.0.1 with which a test can interrupt, pause and delay connections. */
export interface TcpRelay extends AsyncDisposable {
  /** The port of the relay. It does not change when the target changes. */
  readonly port: number;
  /** Delay of the data that arrives from now on, in each direction, in milliseconds. Default: 0. */
  delayMs: number;
  /** Number of client connections that are open now. */
  readonly connectionCount: number;
  /** Returns the same URL with the address of the relay. User, password, database and parameters are kept. */
  url(originalUrl: string): string;
  /** Resets all connections at once, and each new one when it arrives, until `resume`. Data in transit is lost. Ends `pause`. */
  cut(): void;
  /** Keeps all connections open but forwards nothing, in either direction, until `resume`. No data is lost. Ends `cut`. */
  pause(): void;
  /**
   * Drops what the connections that are open now carry from now on, and keeps them open, as a network does that loses a peer. Connections that are opened
   * later are not affected.
   */
  swallow(direction?: SwallowedDirection): void;
  /** Ends `cut` and `pause`. */
  resume(): void;
  /** Resets all connections and releases the port. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a relay on a free port.
 *
 * @param target a URL, an address, or a function that returns the address for each new connection. Use a function if the server may restart
 * on another port.
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
  /** Ends of the link from which nothing is passed on any more. */
  readonly swallowed: Set<Socket>;
}

class Relay implements TcpRelay {
  readonly port: number;
  delayMs = 0;
  readonly #server: Server;
  readonly #target: () => TcpTarget;
  readonly #pause: Pause = new Pause();
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
    return [...this.#links].filter(({ client }) => !client.closed).length;
  }

  url(originalUrl: string): string {
    const url = new URL(originalUrl);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  cut(): void {
    this.#isCut = true;
    // Reset both ends before the pause ends, so that no delayed data is forwarded.
    for (const { client, upstream } of this.#links) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
    this.#pause.end();
  }

  pause(): void {
    this.#isCut = false;
    this.#pause.begin();
  }

  swallow(direction: SwallowedDirection = 'both'): void {
    for (const { client, upstream, swallowed } of this.#links) {
      if (direction !== 'to client') swallowed.add(client);
      if (direction !== 'to server') swallowed.add(upstream);
    }
  }

  resume(): void {
    this.#isCut = false;
    this.#pause.end();
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
    client.on('error', () => {}); // 'close' follows and informs the other side.
    if (this.#isCut) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ host: '127.0.0.1', allowHalfOpen: true, noDelay: true, ...this.#target() });
    upstream.on('error', () => {});
    const link: Link = { client, upstream, swallowed: new Set() };
    this.#links.add(link);
    const forget = (): void => {
      if (client.closed && upstream.closed) this.#links.delete(link);
    };
    client.once('close', forget);
    upstream.once('close', forget);
    this.#join(client, upstream, link);
    this.#join(upstream, client, link);
  }

  #join(source: Socket, sink: Socket, { swallowed }: Link): void {
    const isSwallowed = (): boolean => swallowed.has(source);
    forward(source, sink, { pause: this.#pause, delayMs: () => this.delayMs, isSwallowed });
    // `forward` passes on a normal end, after the data before it. An error is passed on here, but not during a pause.
    source.once('close', (hadError) => {
      if (hadError && !isSwallowed()) void this.#pause.waitUntilOver().then(() => sink.resetAndDestroy());
    });
  }
}
