import { type Expression, ExpressionWrapper, ValueNode } from 'kysely';
import { UsageError } from '../errors/usage-errors.js';
import { portableCall } from './portable-call.js';

/**
 * The least of a group's values that is not smaller than this share of them: `percentile(0.95, …)` of a hundred values is the 95th. An aggregate, of any type
 * that can be sorted; NULLs are left out, and of no value it is NULL. It is one of the values, never one between two. SQLite keeps all values of a group in
 * memory. PostgreSQL: percentile_disc (postgresql.org/docs/current/functions-aggregate.html).
 *
 * @param fraction from 0, the least value, to 1, the greatest; 0.5 is the median.
 * @throws UsageError `invalid_query` for another fraction.
 *
 * @example
 * db.selectFrom('request').select((eb) => ['route', percentile(0.95, eb.ref('durationMs')).as('p95')]).groupBy('route')
 */
export function percentile<T>(
  fraction: number,
  value: Expression<T>,
): ExpressionWrapper<never, never, T | null> {
  if (!(fraction >= 0 && fraction <= 1))
    throw new UsageError(
      'invalid_query',
      `The fraction of a percentile is a number from 0 to 1, not ${fraction}.`,
    );
  return portableCall('sluice_percentile', [
    new ExpressionWrapper(ValueNode.createImmediate(fraction)),
    value,
  ]);
}
