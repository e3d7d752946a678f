import { type CatalogColumn, type CatalogTable, parseExactJson } from '@sluice/core';

/**
 * Converts a value of a file into the value that the repository takes. Invalid values are returned unchanged, and the repository refuses
 * them.
 */
export function toStored(column: CatalogColumn, value: unknown, isCsv: boolean): unknown {
  if (value === null || value === undefined) return null;
  const name = column.type?.name;
  // CSV has no NULL. An empty field means NULL, except in a text column that is NOT NULL.
  if (isCsv && value === '') return column.isNullable || (name !== 'text' && name !== 'varchar') ? null : '';
  if (typeof value === 'string') return fromText(name, value);
  if (typeof value === 'number') return fromNumber(name, value);
  return value;
}

function fromText(name: string | undefined, value: string): unknown {
  switch (name) {
    case 'bigint':
      return /^-?\d+$/.test(value) ? BigInt(value) : value;
    case 'integer':
    case 'smallint':
    case 'double precision':
      return value.trim() !== '' && !Number.isNaN(Number(value)) ? Number(value) : value;
    case 'boolean':
      return value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value;
    case 'timestamptz':
      // A time without a time zone is refused, because none is assumed.
      return /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$/.test(value) ? new Date(value) : value;
    case 'bytea':
      return /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/.test(value)
        ? new Uint8Array(Buffer.from(value, 'base64'))
        : value;
    default:
      return value;
  }
}

function fromNumber(name: string | undefined, value: number): unknown {
  if (name === 'bigint' && Number.isSafeInteger(value)) return BigInt(value);
  if (name === 'numeric') return String(value);
  if (name === 'boolean') return value === 1 ? true : value === 0 ? false : value;
  return name === 'timestamptz' ? new Date(value) : value;
}

/** Converts a stored value into JSON without loss: bytes, and bigints beyond 2^53, become text. `toStored` reads them again. */
export function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return value;
}

/** Converts a stored value into a field of CSV. */
export function toCsv(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Whether a spreadsheet would run a field of CSV as a formula. Numbers are none. */
export function isFormula(text: string): boolean {
  return /^[=+\-@\t\r]/.test(text) && !/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text);
}

/** Parses the JSON columns of a CSV row, which contain JSON text. */
export function parseCsvJson(table: CatalogTable, row: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(row)) {
    const type = table.columns.get(name)?.type?.name;
    if ((type === 'json' || type === 'jsonb') && typeof value === 'string')
      row[name] = parseExactJson(value, name);
  }
  return row;
}
