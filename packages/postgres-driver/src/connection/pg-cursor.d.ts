// pg-cursor ships no types; these are the parts used here.
declare module 'pg-cursor' {
  import type { Connection, FieldDef, Submittable } from 'pg';

  export interface CursorConfig {
    readonly rowMode: 'array';
  }

  class Cursor implements Submittable {
    constructor(text: string, values: unknown[], config: CursorConfig);
    submit(connection: Connection): void;
    read(
      count: number,
      callback: (
        error: Error | null,
        rows: readonly unknown[],
        result: { readonly fields: FieldDef[] },
      ) => void,
    ): void;
    close(): Promise<void>;
    handleDataRow(row: unknown): void;
  }

  export { Cursor as default };
}
