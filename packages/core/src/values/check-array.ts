import { ValueError } from '../errors/data-errors.js';
import { type CheckedValue, checkValue, type ValuePlace } from './check-value.js';
import type { ValueType } from './value-type.js';

/** An array, perhaps of arrays, of checked values. */
export type CheckedArray = readonly (CheckedArray | CheckedValue)[];

/** The most arrays in one another: PostgreSQL has six dimensions. */
const MAX_DEPTH = 6;

/**
 * Checks every element of an array as {@link checkValue} does; null is one too. An array in it is another dimension, in an array of JSON a value.
 *
 * @throws ValueError.
 */
export function checkArray(value: readonly unknown[], element: ValueType, place: ValuePlace): CheckedArray {
  return checkDimension(value, element, place, 1);
}

function checkDimension(
  value: readonly unknown[],
  element: ValueType,
  place: ValuePlace,
  depth: number,
): CheckedArray {
  if (depth > MAX_DEPTH)
    throw new ValueError(`"${place.table}"."${place.column}" takes at most ${MAX_DEPTH} dimensions.`, place);
  if (depth > 1 && value.length === 0)
    throw new ValueError(`"${place.table}"."${place.column}" takes no empty array in another one.`, place);
  const isJson = element.name === 'json' || element.name === 'jsonb';
  // A hole, or undefined, is none of the contract's values.
  return Array.from(value, (member) =>
    Array.isArray(member) && !isJson
      ? checkDimension(member, element, place, depth + 1)
      : checkValue(member, element, place),
  );
}
