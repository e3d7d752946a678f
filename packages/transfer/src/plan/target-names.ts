import { createHash } from 'node:crypto';

/** Maximum of bytes of a name. PostgreSQL truncates a longer name without an error (NAMEDATALEN - 1). */
const MAX_NAME_BYTES = 63;

/** System columns, which every table of PostgreSQL has (postgresql.org/docs/current/ddl-system-columns.html). */
const SYSTEM_COLUMNS = new Set(['cmax', 'cmin', 'ctid', 'tableoid', 'xmax', 'xmin']);

/** Why PostgreSQL does not accept a name; `undefined` when it does. */
export function nameProblem(name: string, isColumn: boolean): string | undefined {
  if (name === '') return 'it is empty';
  if (name.includes('\0')) return 'it holds U+0000';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `it is longer than ${MAX_NAME_BYTES} bytes`;
  return isColumn && SYSTEM_COLUMNS.has(name)
    ? 'every table of PostgreSQL has a system column of this name'
    : undefined;
}

/** Changes a name into one that PostgreSQL accepts. The result for a name is always the same. */
export function fittingName(name: string, isColumn: boolean): string {
  if (nameProblem(name, isColumn) === undefined) return name;
  if (isColumn && SYSTEM_COLUMNS.has(name)) return `${name}_`;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  let start = name.replaceAll('\0', '') || 'unnamed';
  while (Buffer.byteLength(start) > MAX_NAME_BYTES - 9) start = [...start].slice(0, -1).join('');
  return `${start}_${hash}`;
}
