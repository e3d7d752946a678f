// pgpass ships no types.
declare module 'pgpass' {
  export interface PgpassConnection {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
  }

  /** Gives `undefined` when there is no such file, when none of its lines matches, or, with a warning, when users other than its owner may read it. */
  export default function pgpass(
    connection: PgpassConnection,
    done: (password: string | undefined) => void,
  ): void;
}
