import type { Expression, ExpressionWrapper, Simplify } from 'kysely';
import { portableCall } from './portable-call.js';

/**
 * The rows of a query as an array of objects, with the values of the contract (C1) and the application's names: a Date is a Date, a bigint a bigint. An empty
 * array when there is none. The query may select all columns of tables that the catalog has, and may contain further such arrays.
 *
 * @example
 * db.selectFrom('person').select((eb) => [
 *   'id',
 *   jsonArrayFrom(
 *     eb.selectFrom('pet').select(['pet.name', 'pet.bornAt']).whereRef('pet.ownerId', '=', 'person.id').orderBy('pet.name'),
 *   ).as('pets'),
 * ])
 */
export function jsonArrayFrom<O>(query: Expression<O>): ExpressionWrapper<never, never, Simplify<O>[]> {
  return portableCall('sluice_json_array', [query]);
}

/** The first row of a query as an object, as {@link jsonArrayFrom} gives it, or `null` when there is none. */
export function jsonObjectFrom<O>(query: Expression<O>): ExpressionWrapper<never, never, Simplify<O> | null> {
  return portableCall('sluice_json_object', [query]);
}
