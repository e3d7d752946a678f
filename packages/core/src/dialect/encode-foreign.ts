import type { CatalogColumn } from '../catalog/catalog.js';
import type { DatabaseSql } from '../driver/driver.js';
import { checkArray } from '../values/check-array.js';
import type { ValuePlace } from '../values/check-value.js';
import { fixedValue } from '../values/fixed-value.js';

/** A value for a column whose type is not the contract's: an array is checked and encoded, any other value goes to the driver as it is. @throws ValueError. */
export function encodeForeign(
  sql: Pick<DatabaseSql, 'encodeArray'>,
  { foreign }: Pick<CatalogColumn, 'foreign'>,
  value: unknown,
  place: ValuePlace,
): unknown {
  const element = foreign?.element;
  if (element === undefined || sql.encodeArray === undefined || !Array.isArray(value))
    return fixedValue(value);
  return sql.encodeArray(checkArray(value, element, place));
}
