import type { Socket } from 'node:net';
import { Connection } from 'pg';
import type { PostgresConfig } from '../options/options.js';

/** The key that the server sends when a connection is opened. Another connection needs it to cancel the running statement. */
export interface BackendKey {
  readonly processID: number;
  readonly secretKey: number;
}

/** Members of pg's Connection that its types omit. */
interface CancelConnection extends Connection {
  readonly stream: Socket;
  connect(port: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
}

/**
 * Asks the server to cancel the statement that the connection of `key` runs. It sends the protocol's CancelRequest on a new connection, which needs
 * neither a password nor a free connection slot. Resolves when the server has processed the request, or could not be reached; never rejects.
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
