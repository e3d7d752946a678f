// pgpass ships no types.
declare module 'pgpass' {
  export interface PgpassConnection {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
  }

  /** Gives `undefined` where there is no such file, none of its lines fits, or others than its owner may read it, which it warns of. */
  export default function pgpass(
    connection: PgpassConnection,
    done: (password: string | undefined) => void,
  ): void;
}
