import { describe } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from '../../fixture/fixture.js';
import { conditionCases } from './conditions.js';
import { cursorCases } from './cursors.js';
import { expressionCases } from './expressions.js';
import { nullOrderCases } from './null-order.js';
import { numericCases } from './numerics.js';
import { pageCases } from './pages.js';
import { partCases } from './parts.js';
import { patternCases } from './patterns.js';
import { percentileCases } from './percentiles.js';
import { relationCases } from './relations.js';
import { textOrderCases } from './text-order.js';
import { timeFunctionCases } from './time-functions.js';
import { typedExpressionCases } from './typed-expressions.js';

/** C2: one order, one equality, one LIKE and one arithmetic on every driver. */
export function orderSuite(target: ConformanceTarget): void {
  describe('C2 order and comparison', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    textOrderCases(fixture);
    nullOrderCases(fixture);
    patternCases(fixture);
    partCases(fixture);
    conditionCases(fixture);
    expressionCases(fixture);
    typedExpressionCases(fixture);
    percentileCases(fixture);
    timeFunctionCases(fixture);
    relationCases(fixture);
    numericCases(fixture);
    pageCases(fixture);
    cursorCases(fixture);
  });
}
