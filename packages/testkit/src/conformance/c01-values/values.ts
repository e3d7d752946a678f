import { describe } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from '../../fixture/fixture.js';
import { camelCaseCases } from './camel-case.js';
import { defaultsCases } from './defaults.js';
import { edgeCases } from './edges.js';
import { jsonNumberCases } from './json-numbers.js';
import { keyCases } from './keys.js';
import { largeValueCases } from './large-values.js';
import { plainQueryCases } from './plain-queries.js';
import { plainWriteCases } from './plain-writes.js';
import { refusalCases } from './refusals.js';
import { repositoryCases } from './repository-calls.js';
import { selectedColumnCases } from './selected-columns.js';

/** C1: a value is read as it was written, or it is refused by an error that names the column. */
export function valuesSuite(target: ConformanceTarget): void {
  describe('C1 values', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    edgeCases(fixture);
    refusalCases(fixture);
    repositoryCases(fixture);
    selectedColumnCases(fixture);
    plainQueryCases(fixture);
    plainWriteCases(fixture);
    largeValueCases(fixture);
    defaultsCases(fixture);
    jsonNumberCases(fixture);
    keyCases(fixture);
    camelCaseCases(fixture);
  });
}
