import type { Socket } from 'node:net';
import { Connection } from 'pg';
import type { PostgresConfig } from '../options/options.js';

/** What the server gave a connection when it was opened, so that another one can cancel what it runs. */
export interface BackendKey {
  readonly processID: number;
  readonly secretKey: number;
}

/** The parts of pg's Connection that its types leave out. */
interface CancelConnection extends Connection {
  readonly stream: Socket;
  connect(port: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
}

/**
 * Asks the server to cancel what the connection of `key` runs, by the protocol's own CancelRequest on a connection of its own, which
 * needs neither a password nor a free slot. Resolves when the server has passed the request on, or could not be asked.
 */
export function sendCancel(config: PostgresConfig, key: BackendKey, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const connection = new Connection({ ssl: config.ssl }) as CancelConnection;
    const cancel = (): void => connection.cancel(key.processID, key.secretKey);
    connection.on('connect', config.ssl === false ? cancel : () => connection.requestSsl());
    connection.on('sslconnect', cancel);
    connection.on('error', () => connection.stream.destroy());
    connection.once('end', () => {
      clearTimeout(timer);
      resolve();
    });
    const timer = setTimeout(() => connection.stream.destroy(), timeoutMs);
    if (config.host.startsWith('/')) connection.connect(socketPath(config));
    else connection.connect(config.port, config.host);
  });
}

function socketPath({ host, port }: PostgresConfig): string {
  return `${host}/.s.PGSQL.${port}`;
}
