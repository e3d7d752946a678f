import type { PortableName } from '../functions/portable-call.js';
import { type ExpressionType, TIMESTAMPTZ, WHOLE } from './expression-type.js';

/** The types of the results of core's functions; those of relations depend on their query, that of a percentile on its values. */
export const PORTABLE_RESULTS: Readonly<Record<PortableName, ExpressionType | undefined>> = {
  sluice_add_ms: TIMESTAMPTZ,
  sluice_bucket: TIMESTAMPTZ,
  sluice_date_part: { name: 'integer' },
  sluice_duration_ms: WHOLE,
  sluice_json_array: undefined,
  sluice_json_object: undefined,
  sluice_now: TIMESTAMPTZ,
  sluice_percentile: undefined,
};

/** Whether the function gives JSON that core makes of rows. */
export function isRelation(name: string): boolean {
  return (
    name === ('sluice_json_array' satisfies PortableName) ||
    name === ('sluice_json_object' satisfies PortableName)
  );
}

/** Whether core translates the function itself. */
export function isPortable(name: string): name is PortableName {
  return Object.hasOwn(PORTABLE_RESULTS, name);
}
