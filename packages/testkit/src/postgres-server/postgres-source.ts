/** Where a server comes from: a container, a server named by its URL, or the binaries of an npm package. */
export type PostgresSource = 'container' | 'url' | 'embedded';

/** All settings of a source, with the defaults filled in. */
export interface PostgresSettings {
  /** The only permitted source, or `undefined` for the first available one. */
  readonly source: PostgresSource | undefined;
  readonly image: string;
  /** Whether the image was chosen explicitly. Then no other server is used. */
  readonly isImageExplicit: boolean;
  readonly url: string | undefined;
  readonly durable: boolean;
  readonly dockerTimeoutMs: number;
  readonly onNotice: (line: string) => void;
}

/** A server that accepts connections. */
export interface RunningServer {
  /** URL with a superuser, or at least a role that may create databases. */
  readonly url: string;
  /** The end of the sentence “PostgreSQL 18.4 from …”. */
  readonly origin: string;
  stop(): Promise<void>;
  /** Only if we started the processes. */
  readonly faults?: ServerFaults;
}

/** Faults that a test can cause on a server. */
export interface ServerFaults {
  /** Kills all processes of the server with SIGKILL. Start the server with `durable: true`, or it may lose acknowledged writes. */
  crash(): Promise<void>;
  /** Starts the server again after a crash, on the same data. Returns its URL, because a container may get another port. */
  restart(): Promise<string>;
  /** Stops all processes of the server with SIGSTOP: connections stay open, but no query is answered. */
  pause(): Promise<void>;
  /** Continues the processes after a pause. */
  resume(): Promise<void>;
}

/** The settings of every server that we start: enough connections for many pools, and `fsync` only for tests of durability. */
export function serverFlags(settings: PostgresSettings): string[] {
  const parameters = [
    'max_connections=300',
    ...(settings.durable ? [] : ['fsync=off', 'full_page_writes=off']),
  ];
  return parameters.flatMap((parameter) => ['-c', parameter]);
}
