import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach } from 'vitest';

/** A network cable to a PostgreSQL server, which a test can cut or block. */
export interface Cable {
  /** The server's URL, through the cable. */
  readonly url: string;
  /** Resets every connection. */
  cut(): void;
  /** Passes nothing on any more, in either direction. */
  block(): void;
}

const cleanUps: (() => void)[] = [];

afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** Lays a cable to the server of `serverUrl`; it is taken up after the test. */
export async function layCable(serverUrl: string): Promise<Cable> {
  const target = new URL(serverUrl);
  const ends = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const end of ends) end.resetAndDestroy();
  };
  cleanUps.push(() => {
    server.close();
    cut();
  });
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    cut,
    block: () => {
      for (const end of ends) end.unpipe().pause();
      server.removeAllListeners('connection').on('connection', (near: Socket) => ends.add(near));
    },
  };
}
