/** Where a server comes from: a container, a server named by its URL, or the binaries of an npm package. */
export type PostgresSource = 'container' | 'url' | 'embedded';

/** Everything a source may need to know, with every default filled in. */
export interface PostgresSettings {
  /** The one source that may be used, or `undefined` for the first that can be had. */
  readonly source: PostgresSource | undefined;
  readonly image: string;
  /** Whether somebody asked for this very image, so that no other server will do. */
  readonly isImageExplicit: boolean;
  readonly url: string | undefined;
  readonly durable: boolean;
  readonly dockerTimeoutMs: number;
  readonly onNotice: (line: string) => void;
}

/** A server that accepts connections. */
export interface RunningServer {
  /** Connects as a superuser, or at least as a role that may create databases. */
  readonly url: string;
  /** Completes the sentence “PostgreSQL 18.4 from …”. */
  readonly origin: string;
  stop(): Promise<void>;
  /** Only where the processes are ours. */
  readonly faults?: ServerFaults;
}

/** What a test may do to a server. */
export interface ServerFaults {
  /** Kills every process of the server with SIGKILL. Start the server with `durable: true`, or it may lose what it acknowledged. */
  crash(): Promise<void>;
  /** Starts it again after a crash, on the same data, and returns its URL: a container may get another port. */
  restart(): Promise<string>;
  /** Stops every process of the server where it stands: connections stay open, and nobody answers. */
  pause(): Promise<void>;
  /** Ends a pause. */
  resume(): Promise<void>;
}

/** Settings of every server we start: room for many pools, and `fsync` only where a test is about durability. */
export function serverFlags(settings: PostgresSettings): string[] {
  const parameters = [
    'max_connections=300',
    ...(settings.durable ? [] : ['fsync=off', 'full_page_writes=off']),
  ];
  return parameters.flatMap((parameter) => ['-c', parameter]);
}
