// pg-cursor ships no types; these are the parts used here.
declare module 'pg-cursor' {
  import type { Connection, CustomTypesConfig, FieldDef, Submittable } from 'pg';

  export interface CursorConfig {
    readonly rowMode: 'array';
    readonly types: CustomTypesConfig;
  }

  class Cursor implements Submittable {
    constructor(text: string, values: unknown[], config: CursorConfig);
    submit(connection: Connection): void;
    read(
      count: number,
      callback: (
        error: Error | null,
        rows: (string | null)[][],
        result: { readonly fields: FieldDef[] },
      ) => void,
    ): void;
    close(): Promise<void>;
  }

  export { Cursor as default };
}
