import { createHash } from 'node:crypto';

/** Most bytes of a name; PostgreSQL cuts a longer one off without an error (NAMEDATALEN - 1). */
export const MAX_NAME_BYTES = 63;

/** Every table of PostgreSQL has these columns already (postgresql.org/docs/current/ddl-system-columns.html). */
const SYSTEM_COLUMNS = new Set(['cmax', 'cmin', 'ctid', 'tableoid', 'xmax', 'xmin']);

/** Why PostgreSQL cannot take a name as it is; `undefined` when it can. */
export function nameProblem(name: string, isColumn: boolean): string | undefined {
  if (name === '') return 'it is empty';
  if (name.includes('\0')) return 'it holds U+0000';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `it is longer than ${MAX_NAME_BYTES} bytes`;
  return isColumn && SYSTEM_COLUMNS.has(name)
    ? 'every table of PostgreSQL has a system column of this name'
    : undefined;
}

/** A name that PostgreSQL takes, made from one that it does not; the same one every time. */
export function fittingName(name: string, isColumn: boolean): string {
  if (nameProblem(name, isColumn) === undefined) return name;
  if (isColumn && SYSTEM_COLUMNS.has(name)) return `${name}_`;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  let start = name.replaceAll('\0', '') || 'unnamed';
  while (Buffer.byteLength(start) > MAX_NAME_BYTES - 9) start = [...start].slice(0, -1).join('');
  return `${start}_${hash}`;
}
