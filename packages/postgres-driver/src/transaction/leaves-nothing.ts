import type { Statement } from '@sluice/core';
import { lastingEffectError } from '../errors/pooler-errors.js';
import { lastingEffectOf } from '../sql/lasting-effects.js';

/** Behind a pooler in transaction mode. @throws UnsupportedError where the text shows that the statement would leave something in its session. */
export function assertLeavesNothing(statement: Statement, operation: string | undefined): void {
  const effect = lastingEffectOf(statement);
  if (effect !== undefined) throw lastingEffectError(effect, operation);
}
